/// Division by a number that is known to divide: a multiplication and a shift.
///
/// An odd number has an inverse modulo 2^64, and a quotient without remainder is the product with
/// it (H. S. Warren, "Hacker's Delight", 2nd edition, 10-16 and 10-17).
struct ExactDivision {
    let divisor: UInt64
    private let inverse: UInt64
    private let shift: UInt64
    /// The largest quotient there can be.
    private let largest: UInt64

    /// `divisor` is not 0.
    init(_ divisor: UInt64) {
        self.divisor = divisor
        shift = UInt64(divisor.trailingZeroBitCount)
        let odd = divisor >> shift
        // Right in the lowest 3 bits, and in twice as many after each step. Wrap-around is meant.
        var x = odd
        for _ in 0..<5 { x = x &* (2 &- odd &* x) }
        inverse = x
        largest = UInt64.max / divisor
    }

    /// `value` divided; it must be a multiple.
    @inline(__always)
    func quotient(_ value: Int64) -> Int64 {
        (value &>> Int64(bitPattern: shift)) &* Int64(bitPattern: inverse)
    }

    @inline(__always)
    func divides(_ value: UInt64) -> Bool {
        let product = value &* inverse
        let rotated = product &>> shift | product &<< (64 &- shift & 63)
        return rotated <= largest
    }
}
