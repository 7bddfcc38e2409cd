import TachoGeo
import Testing

@Suite struct AlertStateTests {
    @Test func `names and numbers are those of the states, and read back in any case`() {
        #expect(
            AlertState.allCases.map(\.name) == [
                "open", "ack", "false_positive", "confirmed", "appeal", "appeal_upheld",
                "appeal_rejected",
            ])
        for (number, state) in AlertState.allCases.enumerated() {
            #expect(state.rawValue == UInt8(number))
            #expect(AlertState(name: state.name.uppercased()) == state)
        }
        #expect(AlertState(name: "closed") == nil)
        #expect(AlertState(name: "") == nil)
    }

    @Test func `nothing leads back to open, and every other state can be reached`() {
        var reached: Set<AlertState> = [.open]
        var rest: [AlertState] = [.open]
        while let state = rest.popLast() {
            for next in state.successors where reached.insert(next).inserted { rest.append(next) }
        }
        #expect(reached == Set(AlertState.allCases))
        for state in AlertState.allCases {
            #expect(!state.successors.contains(.open), "\(state)")
            #expect(!state.successors.contains(state), "\(state)")
        }
    }

    @Test func `an appeal ends in its own two answers, and upheld is the end`() {
        #expect(AlertState.appeal.successors == [.appealUpheld, .appealRejected])
        #expect(AlertState.appealUpheld.successors == [])
        for state in AlertState.allCases where state.successors.contains(.appealUpheld) {
            #expect(state == .appeal)
        }
        #expect(!AlertState.falsePositive.successors.contains(.appeal), "nothing to object to")
    }

    @Test func `an alert counts until somebody takes it back`() {
        let out = AlertState.allCases.filter { !$0.counts }
        #expect(out == [.falsePositive, .appealUpheld])
    }

    @Test func `who reviews has a name of 1 to 128 bytes without control characters`() {
        #expect(ReviewText.actorDefect(Array("kim".utf8)) == nil)
        #expect(ReviewText.actorDefect(Array(repeating: 65, count: 128)) == nil)
        #expect(ReviewText.actorDefect([]) != nil)
        #expect(ReviewText.actorDefect(Array(repeating: 65, count: 129))?.contains("129") == true)
        for bad: [UInt8] in [[0], [65, 10], [0x7F], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF]] {
            #expect(ReviewText.actorDefect(bad) != nil, "\(bad)")
        }
    }

    @Test func `a note has up to 1024 bytes of text, line feeds and tabs among them`() {
        #expect(ReviewText.noteDefect([]) == nil)
        #expect(ReviewText.noteDefect(Array("두 줄\n\tand a tab".utf8)) == nil)
        #expect(ReviewText.noteDefect(Array(repeating: 65, count: 1_024)) == nil)
        #expect(
            ReviewText.noteDefect(Array(repeating: 65, count: 1_025))
                == "the note has 1025 bytes, at most 1024")
        for bad: [UInt8] in [[0], [13], [0x1B, 65], [0xE2, 0x82], [0xC2, 0x80]] {
            #expect(ReviewText.noteDefect(bad) != nil, "\(bad)")
        }
        // A control character does not hide behind a cut one.
        #expect(ReviewText.noteDefect([0xE2, 10, 0x82, 0xAC]) != nil)
    }

    @Test func `a filter without words admits everything, and each word selects`() {
        func admits(_ filter: AlertFilter) -> Bool {
            filter.admits(
                rider: [65], code: .teleport, severity: "crit", state: .open, atRecvMs: 5)
        }
        var filter = AlertFilter()
        #expect(admits(filter))
        filter = AlertFilter()
        filter.fromMs = 5
        filter.toMs = 5
        #expect(admits(filter))
        filter.toMs = 4
        #expect(!admits(filter))
        filter = AlertFilter()
        filter.fromMs = 6
        #expect(!admits(filter))
        filter = AlertFilter()
        filter.code = .teleport
        #expect(admits(filter))
        filter.code = .spike
        #expect(!admits(filter))
        filter = AlertFilter()
        filter.severity = "warn"
        #expect(!admits(filter))
        filter = AlertFilter()
        filter.state = .appeal
        #expect(!admits(filter))
        filter = AlertFilter()
        filter.rider = [66]
        #expect(!admits(filter))
    }

    @Test func `a code is found by its name in any case, reserved ones are not`() {
        #expect(Code(name: "teleport") == .teleport)
        #expect(Code(name: "TS_RATE") == .tsRate)
        #expect(Code(name: "TS_OVERLAP") == nil)
        #expect(Code(name: "") == nil)
    }
}
