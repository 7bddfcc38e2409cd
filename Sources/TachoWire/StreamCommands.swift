package import TachoGeo

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
            if arguments.isWord(i, "GROUP") || arguments.isWord(i, "NOACK") {
                throw .asRedis(
                    "ERR The \(arguments.shown(i).uppercased()) option is only supported by"
                        + " XREADGROUP. You called XREAD instead.")
            }
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
        if text.elementsEqual(">".utf8) {
            throw .asRedis(
                "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group>"
                    + " <consumer> option.")
        }
        guard let id = StreamID(text, missing: 0) else { throw .invalidStreamID }
        return .after(id)
    }
}
