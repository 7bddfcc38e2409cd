import Foundation
import Testing

@testable import TachoGeo

@Suite struct SineCosineTests {
    /// Sizes from 1e-300 up, and around multiples of an eighth of a turn, where the series change.
    private func angle(_ random: inout Seeded) -> Double {
        switch Int.random(in: 0...2, using: &random) {
        case 0: return .random(in: -SineCosine.furthest...SineCosine.furthest, using: &random)
        case 1:
            let eighths = Double(Int.random(in: -1270...1270, using: &random))
            let off = pow(10, Double.random(in: -17 ... -1, using: &random))
            return eighths * .pi / 4 + (Bool.random(using: &random) ? off : -off)
        default:
            let size = pow(10, Double.random(in: -300...2, using: &random))
            return Bool.random(using: &random) ? size : -size
        }
    }

    @Test func `results are within the stated error of the C library's`() {
        let seed: UInt64 = 90
        var random = Seeded(seed)
        var worst = 0.0
        for n in 0..<400_000 {
            let x = angle(&random)
            let found = SineCosine.of(SIMD2(x, 1))
            let off = max(abs(found.sine[0] - sin(x)), abs(found.cosine[0] - cos(x)))
            worst = max(worst, off)
            #expect(off <= SineCosine.error, "seed \(seed), angle \(n), \(x)")
        }
        // The bound is no wish: were it a tenth, it would not hold.
        #expect(worst > SineCosine.error / 10)
    }

    @Test func `every width and every lane comes to the same bits`() {
        let seed: UInt64 = 91
        var random = Seeded(seed)
        for n in 0..<50_000 {
            let x = SIMD4<Double>(
                angle(&random), angle(&random), angle(&random), angle(&random))
            let four = SineCosine.of(x)
            for lane in 0..<4 {
                let two = SineCosine.of(SIMD2(1, x[lane]))
                #expect(
                    two.sine[1].bitPattern == four.sine[lane].bitPattern
                        && two.cosine[1].bitPattern == four.cosine[lane].bitPattern,
                    "seed \(seed), angles \(n), lane \(lane), \(x)")
            }
        }
    }

    @Test func `angles beyond the bound are not taken`() {
        #expect(SineCosine.taken(999.9) == 999.9)
        for far in [1000, -1000, 1e300, .infinity, -.infinity, .nan] {
            #expect(SineCosine.taken(far).isNaN)
        }
        #expect(SineCosine.of(SIMD2(Double.nan, 0)).sine[0].isNaN)
        #expect(SineCosine.of(SIMD2(Double.nan, 0)).cosine[1] == 1)
    }
}
