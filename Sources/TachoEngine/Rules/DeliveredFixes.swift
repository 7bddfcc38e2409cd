/// Which fixes of a rider, in order of time, have been delivered so far: one bit each.
///
/// Cost of a neighbour: one word as a rule; at worst the words between it and where it is looked for.
struct DeliveredFixes {
    private var words: [UInt64]
    private var first = Int.max
    private var last = -1

    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    mutating func insert(_ index: Int) {
        words[index >> 6] |= 1 << UInt64(index & 63)
        first = min(first, index)
        last = max(last, index)
    }

    /// The nearest one before a place.
    func before(_ index: Int) -> Int? {
        guard index > first else { return nil }
        var word = index >> 6
        var bits = words[word] & ((1 << UInt64(index & 63)) - 1)
        while bits == 0 {
            word -= 1
            bits = words[word]
        }
        return word << 6 + 63 - bits.leadingZeroBitCount
    }

    /// The nearest one behind a place.
    func after(_ index: Int) -> Int? {
        guard index < last else { return nil }
        let next = index + 1
        var word = next >> 6
        var bits = words[word] & (UInt64.max << UInt64(next & 63))
        while bits == 0 {
            word += 1
            bits = words[word]
        }
        return word << 6 + bits.trailingZeroBitCount
    }
}
