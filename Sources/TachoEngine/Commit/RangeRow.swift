import TachoCodec
import TachoStore

/// A range that was cut: its sequences, as stored under `range/<number>` in family `meta`. An accepted
/// loss, under `loss/<first>`, is the first two of them.
struct RangeRow: Equatable {
    var first: UInt64
    var last: UInt64
    /// Of the program that cut it, which its segment names whenever it is sealed; nil in rows of
    /// programs that did not note it.
    var ruleSet: UInt16?

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(first)
        writer.put(last)
        if let ruleSet { writer.put(ruleSet) }
        return writer.bytes
    }

    init(first: UInt64, last: UInt64, ruleSet: UInt16? = nil) {
        self.first = first
        self.last = last
        self.ruleSet = ruleSet
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = ByteReader(bytes)
        guard let first: UInt64 = try? reader.read(), let last: UInt64 = try? reader.read(),
            first > 0
        else { throw .damaged("a range's row cannot be read") }
        var ruleSet: UInt16?
        if !reader.isAtEnd { ruleSet = try? reader.read() }
        guard reader.isAtEnd else { throw .damaged("a range's row cannot be read") }
        self.init(first: first, last: last, ruleSet: ruleSet)
    }
}
