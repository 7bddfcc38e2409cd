import Foundation
import TachoGeo
import Testing

@testable import TachoEngine
@testable import TachoNotify

/// A small generator with a seed (SplitMix64), so that a failure can be played again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }
}

func alert(
    _ ms: Int64, _ n: UInt32 = 0, rider: String = "r7", code: Code = .teleport,
    severity: String = "crit", evidence: String = "{}"
) -> Alert {
    Alert(
        id: AlertID(ms: ms, n: n), rider: Array(rider.utf8), tsMs: ms - 100, atRecvMs: ms - 50,
        code: code, severity: severity,
        verdict: Verdict(codes: code.bit, effect: .hold), count: 1, evidenceJSON: evidence)
}

/// The one alert of the page's examples.
func exampleAlert() -> Alert {
    Alert(
        id: AlertID(ms: 1_767_312_000_100, n: 2), rider: Array("r7".utf8),
        tsMs: 1_767_312_000_000, atRecvMs: 1_767_312_000_064, code: .teleport, severity: "crit",
        verdict: Verdict(codes: Code.teleport.bit, effect: .hold), count: 1,
        evidenceJSON: #"{"fix":{"ts_ms":1767312000000,"lat":37.6000000,"lon":127.0000000},"#
            + #""anchor":{"ts_ms":1767311997000,"lat":37.5665000,"lon":126.9780000},"#
            + #""distance_m":4193.2,"dt_ms":3000}"#)
}

extension DeliveryItem {
    var alertID: AlertID? { if case .alert(let alert, _) = self { alert.id } else { nil } }
}
