import TachoGeo

/// A stream's name: `alerts`, or `fence:` with the id of a geofence; any other is an empty stream, as in
/// Redis.
package enum StreamName: Hashable, Sendable {
    case alerts
    case fence(id: [UInt8])
    case other

    init(_ text: UnsafeRawBufferPointer) {
        if text.elementsEqual("alerts".utf8) {
            self = .alerts
        } else if text.starts(with: Self.fencePrefix.utf8) {
            self = .fence(id: Array(text.dropFirst(Self.fencePrefix.utf8.count)))
        } else {
            self = .other
        }
    }

    private static let fencePrefix = "fence:"

    /// As clients wrote it; of those that have entries.
    package var text: [UInt8] {
        switch self {
        case .alerts: Array("alerts".utf8)
        case .fence(let id): Array(Self.fencePrefix.utf8) + id
        case .other: []
        }
    }
}

/// The id of a stream entry, `ms-n`.
package struct StreamID: Equatable, Comparable, Sendable {
    package var ms: Int64
    package var n: UInt64

    package init(ms: Int64, n: UInt64) {
        self.ms = ms
        self.n = n
    }

    package static func < (a: StreamID, b: StreamID) -> Bool {
        (a.ms, a.n) < (b.ms, b.n)
    }

    package static let zero = StreamID(ms: 0, n: 0)
    package static let greatest = StreamID(ms: Int64.max, n: UInt64.max)

    /// The greatest id below this one; nil before the first.
    package var predecessor: StreamID? {
        if n > 0 { return StreamID(ms: ms, n: n - 1) }
        return ms > 0 ? StreamID(ms: ms - 1, n: UInt64.max) : nil
    }

    /// The smallest id above this one; nil after the last.
    var successor: StreamID? {
        if n < UInt64.max { return StreamID(ms: ms, n: n + 1) }
        return ms < Int64.max ? StreamID(ms: ms + 1, n: 0) : nil
    }

    /// `ms-n`, or `ms` alone with `missing` for n.
    init?(_ text: UnsafeRawBufferPointer, missing: UInt64) {
        let dash = text.firstIndex(of: UInt8(ascii: "-"))
        guard let ms = Self.number(UnsafeRawBufferPointer(rebasing: text[..<(dash ?? text.count)])),
            ms <= UInt64(Int64.max)
        else { return nil }
        self.ms = Int64(ms)
        n = missing
        if let dash {
            guard let n = Self.number(UnsafeRawBufferPointer(rebasing: text[(dash + 1)...])) else {
                return nil
            }
            self.n = n
        }
    }

    private static func number(_ text: UnsafeRawBufferPointer) -> UInt64? {
        guard !text.isEmpty, text.count <= 20 else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard byte &- 48 < 10 else { return nil }
            let (product, o1) = value.multipliedReportingOverflow(by: 10)
            let (sum, o2) = product.addingReportingOverflow(UInt64(byte &- 48))
            if o1 || o2 { return nil }
            value = sum
        }
        return value
    }
}

/// `XRANGE key start end [COUNT n]`, both ends inclusive.
package struct StreamRange: Equatable, Sendable {
    package var stream: StreamName
    package var start: StreamID
    package var end: StreamID
    package var count: Int?
    /// An exclusive bound left nothing between the ends.
    package var isEmpty = false

    static func parse(_ arguments: Arguments) throws(CommandError) -> StreamRange {
        var range = StreamRange(
            stream: StreamName(arguments[1]), start: .zero, end: .greatest, count: nil)
        try range.readStart(arguments[2])
        try range.readEnd(arguments[3])
        if arguments.count > 4 {
            guard arguments.count == 6, arguments.isWord(4, "COUNT") else { throw .syntax }
            range.count = try Command.count(arguments, 5)
        }
        if range.end < range.start { range.isEmpty = true }
        return range
    }

    private mutating func readStart(_ text: UnsafeRawBufferPointer) throws(CommandError) {
        if text.elementsEqual("-".utf8) { return }
        if text.elementsEqual("+".utf8) {
            start = .greatest
            return
        }
        let (bound, isExclusive) = Self.bound(text)
        guard let id = StreamID(bound, missing: 0) else { throw .invalidStreamID }
        start = id
        guard isExclusive else { return }
        if let next = id.successor { start = next } else { isEmpty = true }
    }

    private mutating func readEnd(_ text: UnsafeRawBufferPointer) throws(CommandError) {
        if text.elementsEqual("+".utf8) { return }
        if text.elementsEqual("-".utf8) {
            end = .zero
            return
        }
        let (bound, isExclusive) = Self.bound(text)
        guard let id = StreamID(bound, missing: isExclusive ? 0 : UInt64.max) else {
            throw .invalidStreamID
        }
        end = id
        guard isExclusive else { return }
        if let previous = id.predecessor { end = previous } else { isEmpty = true }
    }

    private static func bound(
        _ text: UnsafeRawBufferPointer
    ) -> (UnsafeRawBufferPointer, isExclusive: Bool) {
        guard text.first == UInt8(ascii: "(") else { return (text, false) }
        return (UnsafeRawBufferPointer(rebasing: text[1...]), true)
    }
}

/// `XREAD [COUNT n] [BLOCK ms] STREAMS key… id…`.
package struct StreamRead: Equatable, Sendable {
    package enum Start: Equatable, Sendable {
        case after(StreamID)
        /// `$`: what comes from now on.
        case newest
    }

    package var count: Int?
    /// nil: answer at once; 0: wait for ever.
    package var blockMs: Int64?
    /// Those that can have entries, in the order they were named.
    package var streams: [Stream] = []

    package struct Stream: Equatable, Sendable {
        package var name: StreamName
        package var start: Start

        package init(name: StreamName, start: Start) {
            self.name = name
            self.start = start
        }
    }

    static func parse(_ arguments: Arguments) throws(CommandError) -> StreamRead {
        var read = StreamRead()
        var i = 1
        while i < arguments.count, !arguments.isWord(i, "STREAMS") {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "COUNT") {
                read.count = try Command.count(arguments, i + 1)
            } else if arguments.isWord(i, "BLOCK") {
                guard let ms = Decimal.integer(arguments[i + 1]), ms >= 0, ms < 1 << 47 else {
                    throw .notInteger(what: "BLOCK", text: arguments.shown(i + 1))
                }
                read.blockMs = ms
            } else {
                throw .syntax
            }
            i += 2
        }
        let first = i + 1
        let names = arguments.count - first
        guard names > 0 else { throw .syntax }
        guard names % 2 == 0 else { throw .unevenStreams }
        for k in 0..<names / 2 {
            let start = try Self.start(arguments[first + names / 2 + k])
            let name = StreamName(arguments[first + k])
            if name != .other { read.streams.append(Stream(name: name, start: start)) }
        }
        return read
    }

    private static func start(_ text: UnsafeRawBufferPointer) throws(CommandError) -> Start {
        if text.elementsEqual("$".utf8) { return .newest }
        guard let id = StreamID(text, missing: 0) else { throw .invalidStreamID }
        return .after(id)
    }
}
