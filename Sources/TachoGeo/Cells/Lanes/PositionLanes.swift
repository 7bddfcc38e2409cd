/// One number of each of several positions, worked on together: two lanes fill a register of any
/// x86-64 or ARM processor, four one of x86-64-v3.
///
/// All arithmetic is that of single numbers, lane by lane and in the same order (nothing is fused), so
/// every width comes to the same bits.
protocol PositionLanes: SIMD
where Scalar == Double, MaskStorage.Scalar == Int64, MaskStorage.MaskStorage == MaskStorage {}

extension SIMD2<Double>: PositionLanes {}
extension SIMD4<Double>: PositionLanes {}

extension PositionLanes {
    /// Whole numbers, one a lane.
    typealias Integers = MaskStorage
    typealias Mask = SIMDMask<MaskStorage>

    /// Added to a number it leaves no room for fractions: the sum's lowest bits are the nearest whole
    /// number. `rounded()` would be a call on processors without SSE 4.1.
    @inline(__always) static var wholes: Double { 0x1.8p52 }
    private static var bitsOfWholes: Int64 { 0x4338_0000_0000_0000 }

    @inline(__always) var bits: Integers { unsafeBitCast(self, to: Integers.self) }
    @inline(__always) init(bits: Integers) { self = unsafeBitCast(bits, to: Self.self) }

    /// The nearest whole numbers, of numbers below 2^51.
    @inline(__always) var rounded: Self { (self + Self.wholes) - Self.wholes }

    /// The same as integers; the lanes must be whole already.
    @inline(__always)
    var integers: Integers { (self + Self.wholes).bits &- Self.bitsOfWholes }

    @inline(__always)
    var size: Self { unsafeBitCast(bits & Int64.max, to: Self.self) }

    /// With the sign turned in lanes whose top bit is set in `signs`.
    @inline(__always)
    func flipped(by signs: Integers) -> Self { unsafeBitCast(bits ^ signs, to: Self.self) }

    @inline(__always)
    func orMore(_ other: Self) -> Self { replacing(with: other, where: self .< other) }

    @inline(__always)
    func orLess(_ other: Self) -> Self { replacing(with: other, where: other .< self) }
}

extension SIMDMask {
    /// All bits of a lane where it is true, none where it is false.
    @inline(__always)
    var bits: Storage { unsafeBitCast(self, to: Storage.self) }
}

/// Unit vectors to several positions.
struct VectorLanes<Lanes: PositionLanes> {
    var x: Lanes
    var y: Lanes
    var z: Lanes

    @inline(__always)
    func dot(_ v: Vector) -> Lanes { x * v.x + y * v.y + z * v.z }

    @inline(__always)
    func dot(_ v: VectorLanes) -> Lanes { x * v.x + y * v.y + z * v.z }
}
