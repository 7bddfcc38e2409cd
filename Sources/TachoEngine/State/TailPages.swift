import TachoCodec

/// What is beside a row of a tail: its arrival, and in the upper half nothing, a delay, or which
/// extra is its own.
struct SideWord: BitwiseCopyable {
    private var word: UInt64

    private static let delayBit: UInt64 = 1 << 63
    private static let delayLimit: Int64 = 1 << 31

    init(arrival: UInt32) { word = UInt64(arrival) }

    init(arrival: UInt32, extraNumber: Int) {
        word = UInt64(arrival) | UInt64(extraNumber + 1) << 32
    }

    /// nil: not a delay of 0 to 4 years.
    @inline(__always)
    init?(arrival: UInt32, steps: Int64) {
        guard steps >= 0 && steps < Self.delayLimit else { return nil }
        word = UInt64(arrival) | UInt64(steps) << 32 | Self.delayBit
    }

    var arrival: UInt32 { UInt32(truncatingIfNeeded: word) }
    var hasExtraElsewhere: Bool { Int64(bitPattern: word) >= 1 << 32 }
    var extraNumber: Int { Int(word >> 32) - 1 }

    /// If it is not elsewhere.
    @inline(__always)
    var extra: FixExtra {
        var extra = FixExtra.none
        if word & Self.delayBit != 0 {
            extra.delaySteps = Int64(word >> 32 & UInt64(Self.delayLimit - 1))
        }
        return extra
    }
}

/// The pages of one tail, in order: as many as 256 rows need.
struct TailPages: BitwiseCopyable {
    private var pages: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0, 0, 0, 0, 0, 0, 0, 0
    )

    @inline(__always)
    subscript(index: Int) -> UInt32 {
        get { withUnsafeBytes(of: pages) { $0.load(fromByteOffset: index * 4, as: UInt32.self) } }
        set {
            withUnsafeMutableBytes(of: &pages) {
                $0.storeBytes(of: newValue, toByteOffset: index * 4, as: UInt32.self)
            }
        }
    }

    /// Gives back those that so many entries took.
    func give(_ entries: Int, perPage: Int) {
        guard entries > 0 else { return }
        withUnsafeBytes(of: pages) { raw in
            let used = (entries + perPage - 1) / perPage
            TailPool.shared.give(raw.bindMemory(to: UInt32.self).prefix(used))
        }
    }
}
