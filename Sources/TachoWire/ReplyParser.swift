import TachoGeo

/// Reads RESP2 replies out of bytes that come in any cuts.
///
/// As with `RequestParser`, the caller passes everything from the first byte of the current reply
/// on, and drops a reply's bytes when it has it. A long array that arrives in pieces is read once.
package struct ReplyParser: Sendable {
    package enum Step: Equatable, Sendable {
        case needsMore
        case reply(Reply, bytes: Int)
        case refused(ReplyError)
    }

    /// More than any reply of the server, whose output is bounded to 8 MiB.
    package static let maxBytes = 64 << 20
    package static let maxDepth = 16

    /// An array whose elements are not all there yet.
    private struct Open: Sendable {
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

    /// What one header says: a value, or an array that was opened.
    private enum Value {
        case whole(Reply)
        case opened
    }

    /// Puts a value into the innermost open array; gives the outermost value when it is complete.
    private mutating func close(_ value: Value) -> Reply? {
        guard case .whole(var reply) = value else { return nil }
        while var inner = open.popLast() {
            inner.elements.append(reply)
            inner.missing -= 1
            if inner.missing > 0 {
                open.append(inner)
                return nil
            }
            reply = .array(inner.elements)
        }
        return reply
    }

    private mutating func readValue(_ bytes: RawSpan) throws(ReplyError) -> Value? {
        guard position < bytes.byteCount else { return nil }
        let kind = bytes.byte(position)
        switch kind {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"):
            guard let line = try line(bytes) else { return nil }
            let text = bytes.array(position + 1..<line.end)
            position = line.next
            if kind == UInt8(ascii: "+") {
                return .whole(.simple(String(decoding: text, as: UTF8.self)))
            }
            if kind == UInt8(ascii: "-") {
                return .whole(.error(String(decoding: text, as: UTF8.self)))
            }
            guard let value = text.withUnsafeBytes(Decimal.integer) else { throw .invalidInteger }
            return .whole(.integer(value))
        case UInt8(ascii: "$"): return try readBulk(bytes)
        case UInt8(ascii: "*"): return try readArray(bytes)
        default: throw .unknownKind(kind)
        }
    }

    private mutating func readBulk(_ bytes: RawSpan) throws(ReplyError) -> Value? {
        guard let line = try line(bytes) else { return nil }
        guard let count = try length(bytes, position + 1..<line.end) else {
            position = line.next
            return .whole(.null)
        }
        let end = line.next + count
        guard end + 2 <= bytes.byteCount else { return nil }
        guard bytes.byte(end) == 0x0D, bytes.byte(end + 1) == 0x0A else { throw .missingLineEnd }
        position = end + 2
        return .whole(.bulk(bytes.array(line.next..<end)))
    }

    private mutating func readArray(_ bytes: RawSpan) throws(ReplyError) -> Value? {
        guard let line = try line(bytes) else { return nil }
        guard let count = try length(bytes, position + 1..<line.end) else {
            position = line.next
            return .whole(.null)
        }
        position = line.next
        if count == 0 { return .whole(.array([])) }
        guard open.count < Self.maxDepth else { throw .tooDeep }
        // Nothing is reserved for an announced count: it may be a lie.
        open.append(Open(missing: count, elements: []))
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
