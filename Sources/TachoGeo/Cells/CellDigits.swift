/// The 15 digits of a cell, 3 bits each, that of resolution 1 on top; those below the cell's
/// resolution are 0 here.
///
/// A digit says where a cell lies in the next coarser one: 0 in the middle, otherwise the sum of the
/// directions i (4), j (2) and k (1), which stand 120° apart. Turning by 120° is therefore moving the
/// three bits around, and turning by 180° is inverting them: all digits turn at once.
struct CellDigits: Hashable {
    var bits: UInt64

    static let k: UInt64 = 1

    /// The lowest bit of each digit.
    static let ones: UInt64 = 0o111_111_111_111_111

    init(bits: UInt64) { self.bits = bits }

    init(of cell: Cell) {
        bits = cell.rawValue & (1 << 45 - 1) & ~Self.unused(resolution: cell.resolution)
    }

    /// Sevens in place of the digits finer than `resolution`, as ids have them.
    static func unused(resolution: Int) -> UInt64 { 1 << UInt64(3 * (15 - resolution)) - 1 }

    /// The first digit that is not 0; 0 if all are.
    var leading: UInt64 {
        guard bits != 0 else { return 0 }
        let position = UInt64((63 - bits.leadingZeroBitCount) / 3 * 3)
        return bits >> position & 7
    }

    subscript(resolution: Int) -> UInt64 { bits >> UInt64(3 * (15 - resolution)) & 7 }

    var hasSeven: Bool { bits & bits >> 1 & bits >> 2 & Self.ones != 0 }

    /// Turned counterclockwise by `turns` times 60°, 0…5.
    func turned(_ turns: UInt64) -> CellDigits {
        var turned = bits
        if turns & 1 == 1 {
            let present = (turned | turned >> 1 | turned >> 2) & Self.ones
            turned ^= present * 7
        }
        // 60° is 180° and then 240°; 120° is one step from i to j to k, to the next lower bit.
        switch turns {
        case 2, 5: turned = (turned >> 1 & (Self.ones * 3)) | (turned & Self.ones) << 2
        case 1, 4: turned = (turned << 1 & (Self.ones * 6)) | (turned >> 2 & Self.ones)
        default: break
        }
        return CellDigits(bits: turned)
    }
}
