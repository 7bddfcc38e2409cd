import BenchmarkSuite
import Foundation
import Testing

@Suite(.serialized)
struct BenchmarkTests {
    @Test(arguments: Benchmark.all.map(\.name))
    func `every benchmark runs tiny and comes to the same result twice`(name: String) throws {
        let benchmark = try #require(Benchmark.all.first { $0.name == name })
        if name == "h3", let missing = Benchmark.h3Missing {
            print("not run: \(missing)")
            return
        }
        let scale = Scale.tiny(NSTemporaryDirectory())
        let first = try benchmark.run(scale)
        let second = try benchmark.run(scale)
        #expect(first.map(\.hash) == second.map(\.hash))
        #expect(first.map(\.name) == second.map(\.name))
        #expect(
            first.allSatisfy {
                $0.value.isFinite
                    && ($0.value > 0 || ["mismatches", "1e-15 rad"].contains($0.unit))
            })
        #expect(first.allSatisfy { $0.name != "h3_mismatches" || $0.value == 0 })
    }

    @Test func `a figure is a line of JSON with name, value, unit, n and hash`() throws {
        let line = Measurement("x", 1.5, "ns", n: 3, hash: 255).json
        #expect(line == #"{"name":"x","value":1.5,"unit":"ns","n":3,"hash":"ff"}"#)
    }
}
