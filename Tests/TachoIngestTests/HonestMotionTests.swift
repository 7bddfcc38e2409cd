import TachoGeo
import Testing

@testable import TachoIngest

/// What honest phones and vehicles do that looks like a forgery, beside the forgery it looks like.
struct HonestMotionTests {
    /// A rider's path, told by a phone.
    private struct Path {
        private(set) var fixes: [Fix] = []
        private var (seconds, east, north) = (0.0, 0.0, 0.0)

        /// Goes on at a speed along a heading; `told` where the phone says otherwise.
        mutating func go(
            _ step: Double, mps: Double, heading: Double, told: Double? = nil,
            toldHeading: Double? = nil, across: Double = 0, altitude: Double = 50
        ) {
            seconds += step
            let (x, y) = (Distance.sineOfDegrees(heading), Distance.sineOfDegrees(heading + 90))
            east += step * mps * x
            north += step * mps * y
            fixes.append(
                Fix(
                    tsMs: 1_767_225_600_000 + Int64(seconds * 1_000),
                    latE7: 375_000_000 + Int32(((north - across * x) * 89.93).rounded()),
                    lonE7: 1_270_000_000 + Int32(((east + across * y) * 113.35).rounded()),
                    speedCms: Int32(((told ?? mps) * 100).rounded()),
                    headingCdeg: Int32(((toldHeading ?? heading) * 100).rounded()),
                    accuracyDm: 50, altitudeDm: Int32(altitude * 10)))
        }

        /// Stands, and the phone tells another speed.
        mutating func stay(_ step: Double, told: Double) {
            go(step, mps: 0, heading: 90, told: told)
        }
    }

    /// All codes, and what was remembered when `watched` was given first.
    private static func judge(
        _ path: Path, _ watched: Code = .overspeed
    ) -> (codes: Set<Code>, motion: Motion) {
        var (chain, motion) = (Chain(), Motion())
        var codes: UInt64 = 0
        var then = Motion()
        for fix in path.fixes {
            let outcome = InOrder.judge(
                fix, recvMs: fix.tsMs + 200, vehicle: .car, base: .nothing, &chain, &motion,
                Thresholds())
            if outcome.finding.codes & ~codes & watched.bit != 0 { then = motion }
            codes |= outcome.finding.codes
        }
        return (Set(Code.allCases.filter { codes & $0.bit != 0 }), then)
    }

    private static func codes(_ path: Path) -> Set<Code> { judge(path).codes }

    /// Five minutes of riding in which a phone is learned: bends, changing speeds.
    private static func learned(_ step: Double = 3, mps: Double = 7) -> Path {
        var path = Path()
        for index in 0..<100 {
            path.go(
                step, mps: mps + 0.3 * Double(index % 5), heading: 40 + Double(index * 7 % 90),
                altitude: 50 + Double(index % 3))
        }
        return path
    }

    @Test func `a zigzag of 22 m every 5 s is padding, missing seconds are not`() {
        var padded = Self.learned(5)
        for index in 0..<24 {
            padded.go(5, mps: 8, heading: 90, across: index % 2 == 0 ? 22 : -22)
        }
        #expect(Self.codes(padded).contains(.zigzag))
        // A backlog comes with every second fix first.
        var sparse = Self.learned(1, mps: 20)
        for index in 0..<60 { sparse.go([1, 3, 1, 2, 15][index % 5], mps: 20, heading: 90) }
        #expect(!Self.codes(sparse).contains(.zigzag))
    }

    @Test func `a simulator's speed is even to the centimetre, a cyclist's is not`() {
        for (change, isFound) in [(0.0, true), (0.08, false)] {
            var path = Self.learned(6)
            for index in 0..<60 {
                path.go(
                    6, mps: 10 + change * Double(index % 2), heading: Double(index * 9 % 360),
                    told: 10 + 0.2 * Double(index % 3))
            }
            #expect(Self.codes(path).contains(.synthSpeed) == isFound, "\(change) m/s")
        }
    }

    @Test func `a walker who is told to walk on and does not is frozen, one who stops is not`() {
        var frozen = Self.learned(mps: 1.4)
        for index in 0..<40 { frozen.stay(3, told: 1.2 + 0.4 * Double(index % 2)) }
        #expect(Self.codes(frozen) == [.frozen])
        // A receiver lets the speed die away.
        var stopped = Self.learned(1, mps: 3.4)
        for index in 0..<40 { stopped.stay(1, told: max(0, 1.9 - 0.03 * Double(index))) }
        #expect(Self.codes(stopped) == [])
    }

    /// Stretches of walking on, of which every so many have a heading that stands still.
    @Test(arguments: [(0, true), (3, false), (2, false)])
    func `a heading that freezes at a walk tells of a phone that never did so before`(
        every: Int, isFound: Bool
    ) {
        var path = Path()
        for index in 0..<400 {
            let heading = Double(90 + index * 3 % 180)
            let isHeld = every > 0 && index / 30 % every == 0
            path.go(
                3, mps: 1.5, heading: heading,
                toldHeading: isHeld ? Double(90 + index / 30 * 30 * 3 % 180) : heading)
        }
        for index in 0..<100 {
            path.go(3, mps: 1.5, heading: Double(90 + index * 3 % 180), toldHeading: 0)
        }
        #expect(Self.codes(path).contains(.headingMismatch) == isFound)
    }

    @Test func `an altitude that jumps with the position is a receiver's, alone it is not`() {
        for (metres, isLost) in [(8.0, false), (120, true), (900, true)] {
            var path = Self.learned(1)
            path.go(1, mps: metres, heading: 90, told: 8, altitude: 650)
            for _ in 0..<6 { path.go(1, mps: 8, heading: 90, altitude: 650) }
            let (codes, motion) = Self.judge(path, .altJump)
            #expect(codes.contains(.altJump), "\(metres) m")
            #expect(motion.isAltitudeLost == isLost, "\(metres) m")
        }
    }

    @Test func `who comes and goes flickers, who goes ever further away does not`() {
        var flickers = Self.learned()
        for index in 0..<12 {
            flickers.go(3, mps: index % 2 == 0 ? 800 : -800, heading: 90, told: 8)
        }
        #expect(Self.codes(flickers).contains(.flicker))
        var train = Self.learned()
        for _ in 0..<12 { train.go(5, mps: 65, heading: 90, told: 8) }
        #expect(!Self.codes(train).contains(.flicker))
    }

    @Test func `so fast that no two fixes are within reach is overspeed where the phone says so`() {
        for (told, isFound) in [(65.0, true), (8, false)] {
            var path = Self.learned(5)
            for _ in 0..<5 { path.go(5, mps: 65, heading: 90, told: told) }
            #expect(Self.codes(path).contains(.overspeed) == isFound, "says \(told) m/s")
        }
    }

    @Test func `a speed from one step to the next is sudden, a train's is not`() {
        var sudden = Self.learned(1)
        for _ in 0..<40 { sudden.go(1, mps: 50, heading: 90) }
        let (codes, motion) = Self.judge(sudden)
        #expect(codes.contains(.overspeed) && motion.isSuddenlyFast)
        var train = Self.learned(1)
        for index in 0..<120 { train.go(1, mps: min(50, 8 + Double(index)), heading: 90) }
        let (same, slow) = Self.judge(train)
        #expect(same.contains(.overspeed) && !slow.isSuddenlyFast)
    }

    @Test func `steps of 15 s say less of a speed than their seconds`() {
        for (steps, isFound) in [(2, false), (3, false), (5, true)] {
            var path = Self.learned(15)
            for _ in 0..<steps { path.go(15, mps: 8, heading: 90, told: 25) }
            #expect(Self.codes(path).contains(.speedMismatch) == isFound, "\(steps) steps")
        }
    }
}
