/// Numbers that depend on nothing but the input: a crash that was found is found again.
struct Draw: RandomNumberGenerator {
    private var state: UInt64

    /// Cost: one multiplication for eight bytes.
    init(_ input: UnsafeRawBufferPointer) {
        state = UInt64(input.count) &* 0x9E37_79B9_7F4A_7C15
        var at = 0
        while at + 8 <= input.count {
            mix(input.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            at += 8
        }
        while at < input.count {
            mix(UInt64(input[at]))
            at += 1
        }
    }

    private mutating func mix(_ word: UInt64) {
        state = (state ^ word) &* 0xBF58_476D_1CE4_E5B9
        state ^= state >> 29
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 0 ..< `bound`, well enough spread for small bounds.
    mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % bound }
}
