import TachoGeo
import Testing

@Suite struct VerdictTests {
    @Test func `a verdict without codes is ok`() {
        #expect(Verdict().text == "ok")
        #expect(Verdict(isTrusted: true).text == "ok")
    }

    @Test func `codes stand in number order behind the effect`() {
        #expect(Verdict(codes: Code.lowAccuracy.bit).text == "accept:LOWACC")
        #expect(
            Verdict(codes: Code.spike.bit | Code.tsFuture.bit, effect: .quarantine).text
                == "quarantine:TS_FUTURE+SPIKE")
        #expect(Verdict(codes: Code.candidate.bit, effect: .hold).text == "hold:CANDIDATE")
        #expect(
            Verdict(codes: Code.teleport.bit, effect: .flag, isTrusted: true).text
                == "flag:TELEPORT")
    }

    @Test func `a code of a newer version is shown by its number`() {
        #expect(Verdict(codes: 1 << 63, effect: .flag).text == "flag:CODE63")
    }

    @Test func `each code has one bit and one name`() {
        var bits: UInt64 = 0
        for code in Code.allCases {
            #expect(bits & code.bit == 0)
            bits |= code.bit
        }
        let names = Code.names.compactMap { $0 }
        #expect(Set(names).count == names.count && Code.names.count == 64)
        #expect(Code.teleport.name == "TELEPORT" && Code.lowAccuracy.name == "LOWACC")
    }

    @Test func `effects are ordered, and the first two are shown`() {
        #expect(Effect.allCases == Effect.allCases.sorted())
        #expect(Effect.allCases.map { Verdict(effect: $0).isShown } == [true, true, false, false])
        #expect(Effect.allCases.map(\.name) == ["accept", "flag", "hold", "quarantine"])
    }

    @Test func `filters go by effect`() {
        func admitted(_ filter: VerdictFilter) -> [Effect] {
            Effect.allCases.filter { filter.admits(Verdict(effect: $0)) }
        }
        #expect(admitted(.all) == Effect.allCases)
        #expect(admitted(.ok) == [.accept])
        #expect(admitted(.flagged) == [.flag, .hold, .quarantine])
    }
}
