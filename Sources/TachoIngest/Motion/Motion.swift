package import TachoGeo

/// What the rules about motion remember of a rider: how it moved lately, and what its phone is
/// known to do. In delivery order: same fixes in the same order, same verdicts.
///
/// Fed by fixes that are newer than all before, first at their time and trusted by the chain; a held
/// candidate only counts for FLICKER. After 20 s without a fix, and after a confirmed jump, all
/// windows start anew; what was learned of the phone stays. Checkpoints hold it word for word.
package struct Motion: Hashable, Sendable, BitwiseCopyable {
    // The last fix.
    var tsMs: Int64 = .min
    /// When its position was first seen.
    var firstSeenMs: Int64 = 0
    var latE7: Int32 = 0
    var lonE7: Int32 = 0
    var speedCms = Fix.absent
    var headingCdeg = Fix.absent
    var accuracyDm = Fix.absent
    var altitudeDm = Fix.absent
    // The step that led to it.
    var eastM: Float = 0
    var northM: Float = 0
    var stepSeconds: Float = 0
    /// The longest time this phone re-sends a position while it moves, s.
    var holdMaxS: Float = 0
    /// How often that was seen, at most 65,535.
    var holds: UInt16 = 0
    /// Steps with a new position, at most 65,535.
    var moves: UInt16 = 0

    var overspeed = OverspeedState()
    var channels = ChannelState()
    var speedMismatch = SpeedMismatchState()
    var headingMismatch = HeadingMismatchState()
    var divergence = DivergenceState()
    var frozen = FrozenState()
    var lock = LockState()
    var line = LineState()
    var evenSpeed = EvenSpeedState()
    var jitter = JitterState()
    var grid = GridState()
    var metadata = MetadataState()
    var altitude = AltitudeState()
    var zigzag = ZigzagState()
    var flicker = FlickerState()
    package var clockStep = ClockStepState()
    var clockRate = ClockRateState()

    package init() {}

    /// Size of the altitude's last jump, m: it decides how loud ALT_JUMP is.
    package var altitudeJumpM: Float { altitude.jumpM }

    /// A gap longer than this, ms, starts all windows anew.
    static let restartMs: Int64 = 20_000
}

extension Motion {
    /// A trusted fix newer than all before. `isJump`: the chain moved to a new place with it.
    /// Returns what the rules say of it. Cost: about 150 ns.
    @inline(__always)
    package mutating func judge(
        _ fix: Fix, recvMs: Int64, vehicle: VehicleClass, isJump: Bool, _ limits: Thresholds
    ) -> Finding {
        let rate =
            tsMs == .min
            ? .nothing : clockRate.judge(passedMs: fix.tsMs - tsMs, recvMs: recvMs, limits)
        guard tsMs != .min, !isJump, fix.tsMs - tsMs <= Self.restartMs else {
            if isJump && tsMs != .min {
                lock.jumped(to: fix, from: Coordinate(latE7: latE7, lonE7: lonE7))
            }
            restart(at: fix)
            return rate
        }
        let step = step(to: fix, vehicle: vehicle, limits)
        learnHold(step)
        channels.learn(step)
        var finding = judge(step, fix, limits)
        finding.merge(rate)
        if !isHolder { finding.merge(judgeShape(step, fix, limits)) }
        take(fix, step)
        return finding
    }

    @inline(__always)
    private mutating func judge(
        _ step: MotionStep, _ fix: Fix, _ limits: Thresholds
    ) -> Finding {
        var finding = overspeed.judge(step, limits)
        finding.merge(headingMismatch.judge(step, limits))
        finding.merge(frozen.judge(step, holdMaxS: holdMaxS, moves: moves, limits))
        finding.merge(lock.judge(step, fix, limits))
        finding.merge(grid.judge(step, fix, limits))
        finding.merge(metadata.judge(step, limits))
        finding.merge(altitude.judge(step, limits))
        return finding
    }

    /// Rules that need a position with every fix.
    @inline(__always)
    private mutating func judgeShape(
        _ step: MotionStep, _ fix: Fix, _ limits: Thresholds
    ) -> Finding {
        var finding = divergence.judge(
            step, channels, headingAgreed: headingMismatch.agreed, limits)
        finding.merge(speedMismatch.judge(step, channels, limits))
        finding.merge(zigzag.judge(step, limits))
        finding.merge(line.judge(step, limits))
        finding.merge(evenSpeed.judge(step, limits))
        finding.merge(jitter.judge(step, limits))
        return finding
    }

    /// A held fix: the rider is said to be elsewhere.
    package mutating func hold(_ fix: Fix, distanceM: Double, _ limits: Thresholds) -> Finding {
        flicker.judge(fix, distanceM: Float(distanceM), limits)
    }

    private mutating func restart(at fix: Fix) {
        overspeed = OverspeedState()
        speedMismatch.restart()
        headingMismatch.restart()
        divergence = DivergenceState()
        frozen = FrozenState()
        lock.restart()
        line = LineState()
        evenSpeed = EvenSpeedState()
        jitter = JitterState()
        grid.restart()
        metadata.restart()
        altitude.restart()
        zigzag = ZigzagState()
        (eastM, northM, stepSeconds) = (0, 0, 0)
        firstSeenMs = fix.tsMs
        set(fix)
    }

    @inline(__always)
    private mutating func take(_ fix: Fix, _ step: MotionStep) {
        (eastM, northM, stepSeconds) = (step.eastM, step.northM, step.moveSeconds)
        if !step.isHold {
            firstSeenMs = fix.tsMs
            if moves < .max { moves += 1 }
        }
        set(fix)
    }

    @inline(__always)
    private mutating func set(_ fix: Fix) {
        tsMs = fix.tsMs
        latE7 = fix.latE7
        lonE7 = fix.lonE7
        speedCms = fix.speedCms
        headingCdeg = fix.headingCdeg
        accuracyDm = fix.accuracyDm
        altitudeDm = fix.altitudeDm
    }

    @inline(__always)
    private func step(
        to fix: Fix, vehicle: VehicleClass, _ limits: Thresholds
    ) -> MotionStep {
        let isHold = fix.latE7 == latE7 && fix.lonE7 == lonE7
        let offset = Distance.offset(
            from: Coordinate(latE7: latE7, lonE7: lonE7), to: fix.coordinate)
        let (east, north) = (Float(offset.eastM), Float(offset.northM))
        let seconds = Float(fix.tsMs - tsMs) * 0.001
        let held = Float(fix.tsMs - firstSeenMs) * 0.001
        let isStanding = speedCms != Fix.absent && speedCms < limits.standingCms
        let credit = min(max(15, 2 * holdMaxS), 60)
        let distance = (east * east + north * north).squareRoot()
        let moveSeconds =
            isStanding || isHold ? seconds : min(held, max(seconds, credit))
        return MotionStep(
            seconds: seconds, moveSeconds: moveSeconds,
            heldSeconds: held, lastEastM: eastM, lastNorthM: northM, lastSeconds: stepSeconds,
            eastM: east, northM: north,
            distanceM: distance, isHold: isHold,
            speedMps: Self.mps(fix.speedCms), previousSpeedMps: Self.mps(speedCms),
            heading: Direction(headingCdeg: fix.headingCdeg),
            previousHeading: Direction(headingCdeg: headingCdeg),
            headingCdeg: fix.headingCdeg, previousHeadingCdeg: headingCdeg,
            accuracyM: Float(Leg.accuracyM(fix.accuracyDm, limits)),
            accuracyDm: fix.accuracyDm, previousAccuracyDm: accuracyDm,
            altitudeDm: fix.altitudeDm, previousAltitudeDm: altitudeDm, vehicle: vehicle,
            impliedMps: distance / max(moveSeconds, 0.05))
    }

    @inline(__always)
    private static func mps(_ cms: Int32) -> Float { cms == Fix.absent ? -1 : Float(cms) * 0.01 }

    /// A phone that re-sends positions for more than a second, as a habit: one new position in
    /// twenty comes so.
    private var isHolder: Bool {
        holdMaxS > 1 && holds >= 3 && Int(holds) * 20 >= Int(moves)
    }

    /// A position that was re-sent and then left at the pace of a vehicle was a hold.
    @inline(__always)
    private mutating func learnHold(_ step: MotionStep) {
        guard !step.isHold, step.heldSeconds > step.seconds + 0.2, step.distanceM > 8 else {
            return
        }
        let wasMoving = step.speedMps < 0 || step.meanSpeedMps > 1.5
        let pace = step.distanceM / step.heldSeconds
        if wasMoving && pace > 1.5 && step.heldSeconds <= 60 {
            holdMaxS = max(holdMaxS, step.heldSeconds - step.seconds)
            if holds < .max { holds += 1 }
        }
    }
}
