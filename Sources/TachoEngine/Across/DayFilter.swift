import TachoGeo

#if canImport(Glibc)
    import Glibc
#endif

/// Which hashes the landmarks of a day have, as far as four bits in one cache line tell: "no" is
/// certain. Spares the database nearly all questions as long as the day has less than some 7 million
/// landmarks; beyond, it says yes more and more often.
final class DayFilter {
    private let words: UnsafeMutablePointer<UInt64>
    private static let lineBits: UInt64 = 17
    private static let wordsPerLine = 8
    static let byteCount = (1 << Int(lineBits)) * wordsPerLine * 8

    init() {
        // Zeros that cost memory only where something is set.
        guard let memory = calloc(Self.byteCount / 8, 8) else { fatalError("no memory for a day") }
        words = memory.bindMemory(to: UInt64.self, capacity: Self.byteCount / 8)
    }

    deinit { free(words) }

    func insert(_ hash: UInt64) {
        let line = line(hash)
        var bits = Self.bits(hash)
        for _ in 0..<4 {
            line[Int(bits >> 6 & 7)] |= 1 << (bits & 63)
            bits >>= 9
        }
    }

    func mayHold(_ hash: UInt64) -> Bool {
        let line = line(hash)
        var bits = Self.bits(hash)
        for _ in 0..<4 {
            if line[Int(bits >> 6 & 7)] & 1 << (bits & 63) == 0 { return false }
            bits >>= 9
        }
        return true
    }

    /// By the upper bits of the 48.
    private func line(_ hash: UInt64) -> UnsafeMutablePointer<UInt64> {
        words + Int((hash & Landmark.hashMask) >> (48 - Self.lineBits)) * Self.wordsPerLine
    }

    /// Four numbers of nine bits. Wrap-around is meant.
    private static func bits(_ hash: UInt64) -> UInt64 {
        ((hash & Landmark.hashMask) &* 0x9E37_79B9_7F4A_7C15) >> 28
    }
}
