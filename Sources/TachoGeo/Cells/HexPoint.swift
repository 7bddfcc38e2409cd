/// A point a + b ω of the hexagonal grid on one face, ω being the turn by 120°: an Eisenstein
/// integer. The neighbours of 0 are the six units; a is along the face's first axis (i), b along
/// the second (j); k, the third, is −1 − ω.
///
/// Each resolution's points are seven times denser than those of the one before. Going finer
/// multiplies by 2 − ω or 3 + ω, of norm 7 and turned +19.1° or −19.1°, in turns. What a point is above
/// its middle child is one of 0 and the six units, told apart by their remainder.
struct HexPoint: Hashable {
    var a: Int
    var b: Int

    /// The digit's direction; digits as in `CellDigits`.
    init(digit: UInt64) {
        a = Int(digit >> 2) - Int(digit & 1)
        b = Int(digit >> 1 & 1) - Int(digit & 1)
    }

    init(a: Int, b: Int) {
        self.a = a
        self.b = b
    }

    /// Replaces the point of `resolution` by the one above it, and returns the digit from there.
    ///
    /// Modulo 2 − ω the number ω is 2, modulo 3 + ω it is 4: so remainders of 7 are remainders here.
    @inline(__always)
    mutating func ascend(from resolution: Int) -> UInt64 {
        let odd = resolution & 1 == 1
        var remainder = (a + (odd ? 2 * b : 4 * b)) % 7
        if remainder < 0 { remainder += 7 }
        let byRemainder: UInt64 = odd ? 0o3_5_1_6_2_4_0 : 0o3_6_2_5_1_4_0
        let digit = byRemainder >> UInt64(3 * remainder) & 7
        let unit = HexPoint(digit: digit)
        let (a, b) = (a - unit.a, b - unit.b)
        self =
            odd
            ? HexPoint(a: (3 * a - b) / 7, b: (a + 2 * b) / 7)
            : HexPoint(a: (2 * a + b) / 7, b: (3 * b - a) / 7)
        return digit
    }

    /// Replaces a point of an even resolution from 2 on by the one two above it, and returns both
    /// digits, the finer one lower.
    ///
    /// Two steps together multiply by (2 − ω)(3 + ω) = 7: the remainders of a and b tell both digits
    /// and what is carried.
    @inline(__always)
    mutating func ascendTwice() -> UInt64 {
        let (lowA, lowB) = (Self.floorOfSeventh(a), Self.floorOfSeventh(b))
        let step = Self.twoSteps[(a - 7 * lowA) * 7 + (b - 7 * lowB)]
        self = HexPoint(a: lowA + Int(step >> 8 & 3), b: lowB + Int(step >> 6 & 3))
        return UInt64(step & 63)
    }

    @inline(__always)
    private static func floorOfSeventh(_ n: Int) -> Int {
        // Moved up by a multiple of 7 to where quotients round down; grid points are below 2^30.
        Int(UInt(bitPattern: n &+ 7 << 30) / 7) &- 1 << 30
    }

    /// Per remainders of a and b: carries in bits 8–9 and 6–7, digits in 0–5.
    private static let twoSteps: [UInt16] = (0..<49).map { n in
        var point = HexPoint(a: n / 7, b: n % 7)
        let fine = point.ascend(from: 2)
        let coarse = point.ascend(from: 1)
        return UInt16(point.a << 8 | point.b << 6) | UInt16(coarse << 3 | fine)
    }

    /// The point of `resolution` in direction `digit` of the middle below this point.
    func descended(to resolution: Int, digit: UInt64) -> HexPoint {
        let unit = HexPoint(digit: digit)
        return resolution & 1 == 1
            ? HexPoint(a: 2 * a + b + unit.a, b: 3 * b - a + unit.b)
            : HexPoint(a: 3 * a - b + unit.a, b: a + 2 * b + unit.b)
    }

    /// Whether the point of `resolution` lies on the face: triangle with its vertices 2 units of
    /// resolution 0 from the middle along i, j and k; borders belong.
    func isOnFace(resolution: Int) -> Bool {
        // Grids of odd resolutions stand askew: look at the middle child.
        let odd = resolution & 1 == 1
        let point = odd ? descended(to: resolution + 1, digit: 0) : self
        var reach = 2
        for _ in 0..<(resolution + (odd ? 1 : 0)) / 2 { reach *= 7 }
        // i + j + k with the smallest taken off all three.
        return point.a + point.b - 3 * min(point.a, point.b, 0) <= reach
    }
}
