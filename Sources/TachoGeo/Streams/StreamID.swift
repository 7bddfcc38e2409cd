/// A place in a stream as clients write it, `ms-n`. Entries have an `AlertID`.
package struct StreamID: Hashable, Comparable, Sendable {
    package var ms: Int64
    package var n: UInt64

    package init(ms: Int64, n: UInt64) {
        self.ms = ms
        self.n = n
    }

    package init(_ id: AlertID) { self.init(ms: id.ms, n: UInt64(id.n)) }

    package static func < (a: StreamID, b: StreamID) -> Bool {
        a.ms != b.ms ? a.ms < b.ms : a.n < b.n
    }

    package static let zero = StreamID(ms: 0, n: 0)
    package static let greatest = StreamID(ms: Int64.max, n: UInt64.max)

    package var text: String { "\(ms)-\(n)" }

    /// The greatest id below this one; nil before the first.
    package var predecessor: StreamID? {
        if n > 0 { return StreamID(ms: ms, n: n - 1) }
        return ms > 0 ? StreamID(ms: ms - 1, n: UInt64.max) : nil
    }

    /// The smallest id above this one; nil after the last.
    package var successor: StreamID? {
        if n < UInt64.max { return StreamID(ms: ms, n: n + 1) }
        return ms < Int64.max ? StreamID(ms: ms + 1, n: 0) : nil
    }

    /// `ms-n`, or `ms` alone with `missing` for n.
    package init?(_ text: UnsafeRawBufferPointer, missing: UInt64) {
        guard let (ms, n) = Self.parts(text, missing: missing), ms <= UInt64(Int64.max) else {
            return nil
        }
        self.init(ms: Int64(ms), n: n)
    }

    /// The same; times that no entry can have, up to 2^64 - 1 ms, stand behind all entries.
    package init?(clamping text: UnsafeRawBufferPointer, missing: UInt64) {
        guard let (ms, n) = Self.parts(text, missing: missing) else { return nil }
        self = ms > UInt64(Int64.max) ? .greatest : StreamID(ms: Int64(ms), n: n)
    }

    private static func parts(
        _ text: UnsafeRawBufferPointer, missing: UInt64
    ) -> (ms: UInt64, n: UInt64)? {
        let dash = text.firstIndex(of: UInt8(ascii: "-"))
        guard let ms = number(UnsafeRawBufferPointer(rebasing: text[..<(dash ?? text.count)]))
        else { return nil }
        guard let dash else { return (ms, missing) }
        return number(UnsafeRawBufferPointer(rebasing: text[(dash + 1)...])).map { (ms, $0) }
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

extension AlertID {
    /// The stream id as the engine counts; beyond its numbers means after every entry of that ms.
    package init(_ id: StreamID) {
        self.init(ms: id.ms, n: UInt32(clamping: id.n))
    }

    /// The entry of exactly that id; nil where none can have it.
    package init?(exactly id: StreamID) {
        guard let n = UInt32(exactly: id.n) else { return nil }
        self.init(ms: id.ms, n: n)
    }
}
