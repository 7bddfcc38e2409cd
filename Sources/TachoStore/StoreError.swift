/// What can go wrong while a data directory is open. After `io` nothing more may be acknowledged.
package enum StoreError: Error, Equatable, CustomStringConvertible {
    /// A write, sync, flush or rename failed: stop acknowledging, never retry.
    case io(String)
    /// Bytes read back are not what was written.
    case damaged(String)
    /// What is left contradicts itself in a way that only lost data explains; found after opening.
    case missing(String)
    /// A sealed segment that points were left to is not there, or not what was sealed: what it holds
    /// cannot be read, everything else can.
    case segment(String)

    package var description: String {
        switch self {
        case .io(let what): "I/O error: \(what)"
        case .damaged(let what): "damaged data: \(what)"
        case .missing(let what): "acknowledged data is missing: \(what)"
        case .segment(let what): "a sealed segment cannot be read: \(what)"
        }
    }

    /// Whether stored bytes are to blame and not the device: what needs them cannot be done, everything
    /// else can.
    package var isOfStoredBytes: Bool {
        switch self {
        case .damaged, .segment: true
        case .io, .missing: false
        }
    }

    package static func == (a: StoreError, b: StoreError) -> Bool {
        switch (a, b) {
        case (.io, .io), (.damaged, .damaged), (.missing, .missing), (.segment, .segment): true
        default: false
        }
    }
}

/// Why a data directory was not opened. `exitCode` is what a program ends with.
package struct StoreOpenError: Error, Equatable, CustomStringConvertible {
    package enum Code: Int32, Sendable {
        /// Points that were acknowledged are missing.
        case acknowledgedDataMissing = 3
        case cannotCreate = 73
        case io = 74
        case inUse = 75
        case damaged = 1
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var exitCode: Int32 { code.rawValue }
    package var description: String { message }

    package static func == (a: StoreOpenError, b: StoreOpenError) -> Bool { a.code == b.code }
}
