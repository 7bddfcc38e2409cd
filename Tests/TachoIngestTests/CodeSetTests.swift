import TachoGeo
import Testing

@testable import TachoIngest

/// Numbers that stand for sets of codes, against the names.
struct CodeSetTests {
    private func names(_ codes: UInt64) -> Set<String> {
        Set((0..<64).filter { codes >> UInt64($0) & 1 != 0 }.map { Code.names[$0] ?? "\($0)" })
    }

    @Test func `each set has the codes it says`() {
        #expect(
            names(CodeSet.quarantining)
                == ["INVALID", "MOCK_FLAG", "TS_FUTURE", "TS_PAST", "TS_CONFLICT"])
        #expect(names(CodeSet.clockStep) == ["TS_STEP"])
        #expect(names(CodeSet.conflict) == ["TS_CONFLICT"])
        #expect(names(CodeSet.flicker) == ["FLICKER"])
        #expect(names(CodeSet.replay) == ["REPLAY"])
        let flagging: Set = [
            "OVERSPEED", "SPEED_MISMATCH", "HEADING_MISMATCH", "PV_DIVERGE", "FROZEN",
            "STATIC_SYNTH", "SYNTH_LINE", "SYNTH_SPEED", "QUANTISED", "CONST_META", "ZIGZAG",
            "TS_RATE",
        ]
        #expect(names(CodeSet.flagging) == flagging)
        #expect(
            names(CodeSet.motion) == flagging.union(["FLICKER", "WHITE_JITTER", "ALT_JUMP"]))
        #expect(
            names(RuleSet.deliveryOrderCodes)
                == names(CodeSet.motion).union(["TS_STEP", "TS_CONFLICT"]))
        #expect(
            names(RuleSet.acrossCodes) == ["REPLAY", "REPLAY_FUZZY", "COLOCATED", "LOCKSTEP"])
    }
}
