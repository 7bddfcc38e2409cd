#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The only door to C in this module: the functions of `<math.h>` that geometry needs.
/// Angles in radians.
@inline(__always) func cosine(_ radians: Double) -> Double { cos(radians) }
@inline(__always) func sine(_ radians: Double) -> Double { sin(radians) }
@inline(__always) func arcSine(_ ratio: Double) -> Double { asin(ratio) }
@inline(__always) func tangent(_ radians: Double) -> Double { tan(radians) }
@inline(__always) func arcCosine(_ ratio: Double) -> Double { acos(ratio) }
@inline(__always) func arcTangent(_ ratio: Double) -> Double { atan(ratio) }
@inline(__always) func arcTangent(_ y: Double, over x: Double) -> Double { atan2(y, x) }
