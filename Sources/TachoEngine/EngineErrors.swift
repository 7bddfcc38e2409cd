import TachoStore

/// Why a batch was not taken.
package enum AppendError: Error, Equatable, CustomStringConvertible {
    /// A limit was reached; nothing of the batch was stored. Send it again later.
    case tryAgain(afterMs: Int, reason: String)
    /// An I/O error ended all acknowledging, or the engine is closed. What of the batch is stored
    /// shows after a restart; sending it again is safe.
    case stopped(String)
    /// Fixes of it are of a time whose sealed segment cannot be read, so nothing can be said of them:
    /// they are not stored, the others are. Sending all again is safe, and will do when the file is
    /// back.
    case unreadable(String)

    package var description: String {
        switch self {
        case .tryAgain(let ms, let reason): "try again in \(ms) ms: \(reason)"
        case .stopped(let reason): "stopped: \(reason)"
        case .unreadable(let what): "not all is stored: \(what); then send it again"
        }
    }

    package static func == (a: AppendError, b: AppendError) -> Bool {
        switch (a, b) {
        case (.tryAgain, .tryAgain), (.stopped, .stopped), (.unreadable, .unreadable): true
        default: false
        }
    }
}

/// Why a read failed.
package enum ReadError: Error, Equatable, CustomStringConvertible {
    case stopped(String)
    /// Too many questions of that kind wait; nothing was looked at.
    case tryAgain(afterMs: Int, reason: String)
    /// Stored bytes do not check out; nothing is made up in their place.
    case damaged(String)
    /// A sealed segment that has what is asked for is not there, or not what was sealed; the text names
    /// file, block and bytes.
    case segment(String)

    /// Of what a read of the store ended with.
    init(_ error: any Error) {
        switch error as? StoreError {
        case .segment(let what)?: self = .segment(what)
        default: self = .damaged("\(error)")
        }
    }

    static let closed = ReadError.stopped("the engine is closed")

    static func tooManyQuestions(_ limit: Int) -> ReadError {
        .tryAgain(afterMs: 1_000, reason: "\(limit) questions wait")
    }

    package var description: String {
        switch self {
        case .stopped(let reason): "stopped: \(reason)"
        case .tryAgain(let ms, let reason): "try again in \(ms) ms: \(reason)"
        case .damaged(let what): "damaged data: \(what)"
        case .segment(let what): "a sealed segment cannot be read: \(what)"
        }
    }

    package static func == (a: ReadError, b: ReadError) -> Bool {
        switch (a, b) {
        case (.stopped, .stopped), (.damaged, .damaged), (.tryAgain, .tryAgain): true
        case (.segment, .segment): true
        default: false
        }
    }
}

/// Why sealing failed. Points stay in the store either way.
package enum SealError: Error, Equatable, CustomStringConvertible {
    case stopped(String)
    /// What is in the store and what was written differ, or a segment of that name exists with
    /// other content: a person has to look.
    case refused(String)

    package var description: String {
        switch self {
        case .stopped(let reason): "stopped: \(reason)"
        case .refused(let what): "not sealed: \(what)"
        }
    }

    package static func == (a: SealError, b: SealError) -> Bool {
        switch (a, b) {
        case (.stopped, .stopped), (.refused, .refused): true
        default: false
        }
    }
}

/// Why a data directory was not opened. `exitCode` is what a program ends with.
package struct OpenError: Error, Equatable, CustomStringConvertible {
    package enum Code: Int32, Sendable {
        case damaged = 1
        /// Points that were acknowledged are missing; the message names them.
        case acknowledgedDataMissing = 3
        case cannotCreate = 73
        case io = 74
        case inUse = 75
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var exitCode: Int32 { code.rawValue }
    package var description: String { message }

    package static func == (a: OpenError, b: OpenError) -> Bool { a.code == b.code }
}
