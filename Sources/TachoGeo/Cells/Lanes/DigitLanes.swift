/// From the grid points of several positions to their cells: four resolutions a look-up, since four
/// steps up are a division by 49 whose remainders tell the digits.
///
/// A resolution that is no multiple of four is seen as the middle descendant at the next that is; its
/// last digits are 0. All in whole numbers below 2^26, which is checked.
struct DigitLanes<Lanes: PositionLanes> {
    typealias Integers = Lanes.Integers

    /// The digits as `CellDigits` has them, as seen from the face.
    private var digits = Integers()
    /// The place at resolution 0, each number 2 more than it is.
    private var a: Integers
    private var b: Integers

    /// Ids of the cells of the points a + b ω on the faces that folds stand for.
    @inline(__always)
    static func cells(
        _ fold: Integers, _ a: Integers, _ b: Integers, resolution: Int, _ lookup: CellLookup
    ) -> Integers {
        DigitLanes(a, b, resolution: resolution, lookup).cells(fold, resolution, lookup)
    }

    @inline(__always)
    private init(_ a: Integers, _ b: Integers, resolution: Int, _ lookup: CellLookup) {
        (self.a, self.b) = (a, b)
        if resolution & 1 == 1 { (self.a, self.b) = (a &+ a &+ a &- b, a &+ b &+ b) }
        if (resolution + 1) & 2 == 2 {
            (self.a, self.b) = ((self.a &<< 3) &- self.a, (self.b &<< 3) &- self.b)
        }
        let steps = (resolution + 3) >> 2
        // Two more at resolution 0: then all numbers are positive.
        var moved: Int64 = 2
        for _ in 0..<steps { moved *= 49 }
        self.a = self.a &+ moved
        self.b = self.b &+ moved
        precondition(
            all((self.a | self.b) & ~(1 << 26 - 1) .== 0), "a grid point that is on no face")
        for n in 0..<steps { ascend(n, lookup) }
        digits = steps == 4 ? digits &>> 3 : digits &<< Int64(45 - 12 * steps)
    }

    /// Four resolutions up, for the `n`th time.
    @inline(__always)
    private mutating func ascend(_ n: Int, _ lookup: CellLookup) {
        let (highA, highB) = (Self.fortyNinth(a), Self.fortyNinth(b))
        let index = Self.times49(a &- Self.times49(highA)) &+ b &- Self.times49(highB)
        var step = Integers()
        for lane in 0..<Lanes.scalarCount { step[lane] = lookup.step(index[lane]) }
        a = highA &+ (step &>> 12 & 7)
        b = highB &+ step &>> 15
        digits = digits | (step & 0xFFF) &<< Int64(12 * n)
    }

    /// Rounded down: 87,652,394 is 2^32 / 49 and a little more, too little to matter below 2^28.
    @inline(__always)
    private static func fortyNinth(_ n: Integers) -> Integers {
        ((n & 0xFFFF_FFFF) &* 87_652_394) &>> 32
    }

    /// The mask tells the compiler that one multiplication of 32 bits will do.
    @inline(__always)
    private static func times49(_ n: Integers) -> Integers { (n & 0xFFFF_FFFF) &* 49 }

    @inline(__always)
    private func cells(_ fold: Integers, _ resolution: Int, _ lookup: CellLookup) -> Integers {
        precondition(all(((a | b) .< 8) .& (a .< 5) .& (b .< 5)), "a grid point that is on no face")
        var place = Integers()
        var leading = Integers()
        for lane in 0..<Lanes.scalarCount {
            place[lane] = lookup.place(fold: fold[lane], a: a[lane], b: b[lane])
            leading[lane] = Int64(CellDigits(bits: UInt64(digits[lane])).leading)
        }
        precondition(all(place .!= CellLookup.noPlace), "a grid point that is on no face")
        let turns = place &>> (leading &+ leading &+ leading &+ 7) & 7
        let resolutionBits = Int64(resolution) << 52
        let unused = Int64(CellDigits.unused(resolution: resolution))
        return turned(turns) | (place & 127) &<< 45 | (1 << 59 | resolutionBits | unused)
    }

    /// As `CellDigits.turned`, without branches: numbers of turns differ from lane to lane.
    @inline(__always)
    private func turned(_ turns: Integers) -> Integers {
        let ones = Int64(CellDigits.ones)
        let present = (digits | digits &>> 1 | digits &>> 2) & ones
        let inverted = digits ^ (((present &<< 3) &- present) & (0 &- (turns & 1)))
        // How far bits move up within each digit: 0 after 0 or 3 turns, 1 after 1 or 4, 2 otherwise.
        let up = Integers(repeating: 0o2_1_0_2_1_0) &>> (turns &+ turns &+ turns) & 3
        let wrapping = ((0 &- (up & 1)) & ones) | ((0 &- (up &>> 1)) & (ones * 3))
        return (inverted &<< up & (ones * 7) & ~wrapping) | (inverted &>> (3 &- up) & wrapping)
    }
}
