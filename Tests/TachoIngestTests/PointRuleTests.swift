import TachoGeo
import TachoIngest
import Testing

struct PointRuleTests {
    private let rules = RuleSet()

    private func text(_ fix: Fix, recvMs: Int64? = nil) -> String {
        let finding = rules.point(fix, recvMs: recvMs ?? fix.tsMs)
        return Verdict(codes: finding.codes, effect: finding.effect).text
    }

    @Test func `null island is quarantined up to a hundredth of a degree`() {
        let now: Int64 = 1_767_225_600_000
        #expect(text(Fix(tsMs: now, latE7: 0, lonE7: 0)) == "quarantine:INVALID")
        #expect(text(Fix(tsMs: now, latE7: 99_999, lonE7: -99_999)) == "quarantine:INVALID")
        #expect(text(Fix(tsMs: now, latE7: 100_000, lonE7: 0)) == "ok")
        #expect(text(Fix(tsMs: now, latE7: 0, lonE7: 100_000)) == "ok")
    }

    @Test func `a clock may be thirty seconds ahead and not a millisecond more`() {
        let fix = fix(0)
        #expect(text(fix, recvMs: fix.tsMs - 30_000) == "ok")
        #expect(text(fix, recvMs: fix.tsMs - 30_001) == "quarantine:TS_FUTURE")
    }

    @Test func `the past begins before the year 2000`() {
        let edge: Int64 = 946_684_800_000
        #expect(text(Fix(tsMs: edge, latE7: 375_000_000, lonE7: 0)) == "ok")
        #expect(text(Fix(tsMs: edge - 1, latE7: 375_000_000, lonE7: 0)) == "quarantine:TS_PAST")
    }

    @Test func `low accuracy is told and has no effect`() {
        #expect(text(fix(0, accuracyDm: 1000)) == "ok")
        #expect(text(fix(0, accuracyDm: 1001)) == "accept:LOWACC")
    }

    @Test func `codes add up and the strongest effect wins`() {
        let fix = Fix(tsMs: 0, latE7: 0, lonE7: 0, accuracyDm: 5000)
        #expect(text(fix) == "quarantine:INVALID+TS_PAST+LOWACC")
    }

    @Test func `the base of a stored verdict is what the point rules found`() {
        for codes in [
            0, Code.invalid.bit, Code.tsFuture.bit, Code.tsPast.bit,
            Code.lowAccuracy.bit,
        ] {
            let expected: Effect =
                codes == 0 || codes == Code.lowAccuracy.bit
                ? .accept : .quarantine
            let base = RuleSet.base(codes: codes | Chain.codes)
            #expect(base.codes == codes)
            #expect(base.effect == expected)
        }
    }

    @Test func `a changed threshold changes the hash`() {
        var other = Thresholds()
        other.jumpPerSecondM += 0.5
        #expect(other.hash64 != Thresholds().hash64)
        #expect(Thresholds().hash64 == Thresholds().hash64)
    }
}

struct AlertWindowTests {
    @Test func `one alert in sixty seconds of receipt time and later hits are counted`() {
        var window: AlertWindow?
        #expect(AlertWindow.hit(&window, atRecvMs: 1000, isCritical: false))
        #expect(!AlertWindow.hit(&window, atRecvMs: 60_999, isCritical: false))
        #expect(window == AlertWindow(startMs: 1000, count: 2, isCritical: false))
        #expect(AlertWindow.hit(&window, atRecvMs: 61_000, isCritical: false))
        #expect(window == AlertWindow(startMs: 61_000, count: 1, isCritical: false))
    }

    @Test func `late evidence opens no second window`() {
        var window: AlertWindow?
        _ = AlertWindow.hit(&window, atRecvMs: 500_000, isCritical: true)
        #expect(!AlertWindow.hit(&window, atRecvMs: 1000, isCritical: true))
        #expect(window == AlertWindow(startMs: 500_000, count: 2, isCritical: true))
        window = AlertWindow(startMs: 500_000, count: 1, isCritical: false)
        #expect(!AlertWindow.hit(&window, atRecvMs: 1000, isCritical: true))
    }

    @Test func `a critical hit is an alert of its own in the window of a lower one`() {
        var window: AlertWindow?
        _ = AlertWindow.hit(&window, atRecvMs: 1000, isCritical: false)
        #expect(AlertWindow.hit(&window, atRecvMs: 2000, isCritical: true))
        #expect(window == AlertWindow(startMs: 2000, count: 1, isCritical: true))
        #expect(!AlertWindow.hit(&window, atRecvMs: 3000, isCritical: true))
        #expect(!AlertWindow.hit(&window, atRecvMs: 4000, isCritical: false))
        #expect(window == AlertWindow(startMs: 2000, count: 3, isCritical: true))
    }

    @Test func `two windows of one rider and code never begin at the same time`() {
        var window: AlertWindow?
        _ = AlertWindow.hit(&window, atRecvMs: 1000, isCritical: false)
        #expect(AlertWindow.hit(&window, atRecvMs: 1000, isCritical: true))
        #expect(window?.startMs == 1001)
    }

    @Test func `a teleport is critical when held and a warning when confirmed`() {
        #expect(Severity.of(.teleport, effect: .hold) == .crit)
        #expect(Severity.of(.teleport, effect: .flag) == .warn)
        #expect(Severity.of(.lowAccuracy, effect: .accept) == .none)
        #expect(Severity.of(.candidate, effect: .hold) == .none)
    }
}
