import TachoGeo

/// Reads replies of RESP2 and RESP3 out of bytes that come in any cuts.
///
/// As with `RequestParser`, the caller passes everything from the first byte of the current reply
/// on, and drops a reply's bytes when it has it. A long array that arrives in pieces is read once.
/// Attributes are read and dropped: they only say more about the reply behind them. Strings and
/// aggregates of unannounced length (`$?`, `*?`) are refused, as no server sends them.
package struct ReplyParser: Sendable {
    package enum Step: Equatable, Sendable {
        case needsMore
        case reply(Reply, bytes: Int)
        case refused(ReplyError)
    }

    /// More than any reply of the server, whose output is bounded to 8 MiB.
    package static let maxBytes = 64 << 20
    package static let maxDepth = 16

    private enum Aggregate: Sendable {
        case array
        case map
        case set
        case push
        case attribute

        init?(_ kind: UInt8) {
            switch kind {
            case UInt8(ascii: "*"): self = .array
            case UInt8(ascii: "%"): self = .map
            case UInt8(ascii: "~"): self = .set
            case UInt8(ascii: ">"): self = .push
            case UInt8(ascii: "|"): self = .attribute
            default: return nil
            }
        }

        var isOfPairs: Bool {
            switch self {
            case .map, .attribute: true
            case .array, .set, .push: false
            }
        }

        /// nil: nothing that is handed out.
        func reply(_ elements: [Reply]) -> Reply? {
            switch self {
            case .array: .array(elements)
            case .map: .map(elements)
            case .set: .set(elements)
            case .push: .push(elements)
            case .attribute: nil
            }
        }
    }

    /// An aggregate whose elements are not all there yet.
    private struct Open: Sendable {
        var kind: Aggregate
        var missing: Int
        var elements: [Reply]
    }

    private var position = 0
    private var open: [Open] = []
    private var failure: ReplyError?

    package init() {}

    package mutating func next(_ bytes: RawSpan) -> Step {
        if let failure { return .refused(failure) }
        do throws(ReplyError) {
            while true {
                guard position <= Self.maxBytes else { throw .tooLong }
                guard let value = try readValue(bytes) else { return .needsMore }
                guard let whole = close(value) else { continue }
                let end = position
                position = 0
                return .reply(whole, bytes: end)
            }
        } catch {
            failure = error
            return .refused(error)
        }
    }

    /// What one header says: a value, or an aggregate that was opened, or an attribute without
    /// anything in it.
    private enum Value {
        case whole(Reply)
        case opened
    }

    /// Puts a value into the innermost open aggregate; gives the outermost value when it is
    /// complete.
    private mutating func close(_ value: Value) -> Reply? {
        guard case .whole(var reply) = value else { return nil }
        while var inner = open.popLast() {
            inner.elements.append(reply)
            inner.missing -= 1
            if inner.missing > 0 {
                open.append(inner)
                return nil
            }
            guard let closed = inner.kind.reply(inner.elements) else { return nil }
            reply = closed
        }
        return reply
    }

    private mutating func readValue(_ bytes: RawSpan) throws(ReplyError) -> Value? {
        guard position < bytes.byteCount else { return nil }
        let kind = bytes.byte(position)
        if let aggregate = Aggregate(kind) { return try readAggregate(bytes, aggregate) }
        switch kind {
        case UInt8(ascii: "$"): return try readBulk(bytes)
        case UInt8(ascii: "="), UInt8(ascii: "!"):
            guard let text = try bulk(bytes) else { return nil }
            guard case .bytes(let content) = text else { throw .invalidLength }
            if kind == UInt8(ascii: "=") { return .whole(try Self.verbatim(content)) }
            return .whole(.error(String(decoding: content, as: UTF8.self)))
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: ","),
            UInt8(ascii: "#"), UInt8(ascii: "("), UInt8(ascii: "_"):
            guard let line = try line(bytes) else { return nil }
            let reply = try Self.scalar(kind, bytes.array(position + 1..<line.end))
            position = line.next
            return .whole(reply)
        default: throw .unknownKind(kind)
        }
    }

    /// A bulk string, or what has its form.
    private enum Bulk {
        case null
        case bytes([UInt8])
    }

    private mutating func readBulk(_ bytes: RawSpan) throws(ReplyError) -> Value? {
        switch try bulk(bytes) {
        case nil: return nil
        case .null?: return .whole(.null)
        case .bytes(let content)?: return .whole(.bulk(content))
        }
    }

    private mutating func bulk(_ bytes: RawSpan) throws(ReplyError) -> Bulk? {
        guard let line = try line(bytes) else { return nil }
        guard let count = try length(bytes, position + 1..<line.end) else {
            position = line.next
            return .null
        }
        let end = line.next + count
        guard end + 2 <= bytes.byteCount else { return nil }
        guard bytes.byte(end) == 0x0D, bytes.byte(end + 1) == 0x0A else { throw .missingLineEnd }
        position = end + 2
        return .bytes(bytes.array(line.next..<end))
    }

    private mutating func readAggregate(
        _ bytes: RawSpan, _ kind: Aggregate
    ) throws(ReplyError) -> Value? {
        guard let line = try line(bytes) else { return nil }
        guard let announced = try length(bytes, position + 1..<line.end) else {
            guard kind == .array else { throw .invalidLength }
            position = line.next
            return .whole(.null)
        }
        let count = kind.isOfPairs ? 2 * announced : announced
        guard count <= Self.maxBytes else { throw .tooLong }
        position = line.next
        if count == 0 { return kind.reply([]).map { .whole($0) } ?? .opened }
        guard open.count < Self.maxDepth else { throw .tooDeep }
        // Nothing is reserved for an announced count: it may be a lie.
        open.append(Open(kind: kind, missing: count, elements: []))
        return .opened
    }

    /// The line that starts at `position`; nil if its end has not arrived.
    private func line(_ bytes: RawSpan) throws(ReplyError) -> (end: Int, next: Int)? {
        var i = position + 1
        while i < bytes.byteCount {
            if bytes.byte(i) == 0x0D {
                guard i + 1 < bytes.byteCount else { return nil }
                guard bytes.byte(i + 1) == 0x0A else { throw .missingLineEnd }
                return (i, i + 2)
            }
            guard i - position < Self.maxLineBytes else { throw .missingLineEnd }
            i += 1
        }
        return nil
    }

    private static let maxLineBytes = 65_536

    /// nil for −1.
    private func length(_ bytes: RawSpan, _ range: Range<Int>) throws(ReplyError) -> Int? {
        if range.count == 2, bytes.byte(range.lowerBound) == UInt8(ascii: "-"),
            bytes.byte(range.lowerBound + 1) == UInt8(ascii: "1")
        {
            return nil
        }
        guard (1...9).contains(range.count) else { throw .invalidLength }
        var value = 0
        for i in range {
            guard bytes.byte(i) &- 48 < 10 else { throw .invalidLength }
            value = value * 10 + Int(bytes.byte(i) &- 48)
        }
        guard value <= Self.maxBytes else { throw .tooLong }
        return value
    }
}

extension RawSpan {
    func array(_ range: Range<Int>) -> [UInt8] {
        extracting(range).withUnsafeBytes(Array.init)
    }
}
