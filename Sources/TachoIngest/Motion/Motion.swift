package import TachoGeo

/// What the rules about motion remember of a rider: how it moved lately, and what its phone is
/// known to do. In delivery order: same fixes in the same order, same verdicts.
///
/// Fed by fixes that are newer than all before, first at their time and trusted by the chain; a held
/// candidate only counts for FLICKER. After 20 s without a fix, and after a confirmed jump, all
/// windows start anew, but for the debt of OVERSPEED after a jump; what was learned of the phone stays. Checkpoints hold it word for word.
package struct Motion: Hashable, Sendable, BitwiseCopyable {
    // Four cache lines that every fix needs. The last fix first.
    var tsMs: Int64 = .min
    /// How long its position had been reported when it came, ms.
    var heldMs: Int32 = 0
    var latE7: Int32 = 0
    var lonE7: Int32 = 0
    /// Reported speed; below 0: none.
    var speedMps: Float = -1
    var heading = Direction.unknown
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

    // Second line.
    var channels = ChannelState()
    var speedMismatch = SpeedMismatchState()
    var divergence = DivergenceState()
    var headingMismatch = HeadingMismatchState()
    /// The speed OVERSPEED has a debt of came from one step to the next.
    package internal(set) var isSuddenlyFast = false
    /// That debt is of fixes that are held: none is left if the rider is back.
    var hasHeldDebt = false
    /// Fixes that were held since the last trusted one, at most 200.
    var heldInRow: UInt8 = 0
    var frozen = FrozenState()
    var zigzag = ZigzagState()

    // Third.
    var line = LineState()
    var evenSpeed = EvenSpeedState()
    var jitter = JitterState()
    var clockRate = ClockRateState()

    // Fourth.
    var lock = LockState()
    var metadata = MetadataState()
    var altitude = AltitudeState()
    var grid = GridState()
    /// Where the last fix came from; 0: not said.
    var source: UInt8 = 0
    /// Since the windows began, 1/16 s, at most 4,000.
    var windowSixteenths: UInt16 = 0

    // Only for fixes that are held, or come late.
    var flicker = FlickerState()
    package var clockStep = ClockStepState()

    package init() {}

    /// Bytes every fix needs, the first of them.
    package static let hotBytes = MemoryLayout<Motion>.offset(of: \.flicker)!

    /// Size of the altitude's last jump, m: it decides how loud ALT_JUMP is.
    package var altitudeJumpM: Float { altitude.jumpM }

    /// An altitude that jumped with the position: a receiver that found satellites again.
    package var isAltitudeLost: Bool { altitude.isLost }

    /// The windows began at most 12 s ago: a receiver that has just found its place.
    package var isFresh: Bool { windowSixteenths <= Self.freshSixteenths }

    /// Of the last step, as far as it is believed; 0: there was none since the windows began, or one of
    /// less than a second. Up to the class's speed: one step is no pace. Beyond it, up to 95 m/s, where
    /// a debt of OVERSPEED says that there were more.
    package func paceMps(_ vehicle: VehicleClass, _ limits: Thresholds) -> Double {
        guard stepSeconds >= 1 else { return 0 }
        let pace = Double((eastM * eastM + northM * northM).squareRoot() / stepSeconds)
        let isFast = overspeed.debtM > 0 && !hasHeldDebt
        return min(pace, Reach.maxSpeedMps(isFast ? .any : vehicle, limits))
    }

    /// The last step was faster than the class by a quarter at most. Not after a jump, to which no
    /// step led.
    package func isNearSpeed(_ vehicle: VehicleClass, _ limits: Thresholds) -> Bool {
        let distanceM = Double((eastM * eastM + northM * northM).squareRoot())
        return stepSeconds > 0
            && distanceM <= 1.25 * Reach.maxSpeedMps(vehicle, limits) * Double(stepSeconds)
    }

    /// A gap longer than this, ms, starts all windows anew.
    static let restartMs: Int64 = 20_000
    /// 30 s.
    private static let settledSixteenths: UInt16 = 480
    /// 12 s.
    private static let freshSixteenths: UInt16 = 192
}

extension Motion {
    /// A trusted fix newer than all before. `isJump`: the chain moved to a new place with it.
    /// Returns the codes of the rules about motion. Cost: `Benchmarks rules`.
    @inline(__always)
    package mutating func judge(
        _ fix: Fix, recvMs: Int64, vehicle: VehicleClass, isJump: Bool, _ limits: Thresholds
    ) -> UInt64 {
        guard tsMs != .min else {
            restart(at: fix)
            return 0
        }
        let passedMs = fix.tsMs - tsMs
        var codes = clockRate.judge(passedMs: passedMs, lagMs: recvMs - fix.tsMs, limits)
        guard !isJump, passedMs <= Self.restartMs else {
            let fast = isJump ? jump(to: fix, vehicle: vehicle, limits) : OverspeedState()
            restart(at: fix)
            overspeed = fast
            return codes | fast.code(limits)
        }
        if hasHeldDebt { (overspeed, hasHeldDebt) = (OverspeedState(), false) }
        let step = learn(from: fix, vehicle: vehicle, limits)
        let before = overspeed.debtM
        codes |= judge(step, fix, limits)
        if overspeed.debtM > 0 { noteOnset(before, vehicle, limits) }
        if !isHolder { codes |= judgeShape(step, limits) }
        take(fix, step)
        return codes
    }

    /// The step to a fix, and what the phone's habits show of it.
    @inline(__always)
    private mutating func learn(
        from fix: Fix, vehicle: VehicleClass, _ limits: Thresholds
    ) -> MotionStep {
        let step = step(to: fix, vehicle: vehicle, limits)
        learnHold(step)
        channels.learn(step)
        return step
    }

    /// The same for one rule taken alone; nil: the windows start anew with this fix.
    @inline(__always)
    mutating func measure(
        _ fix: Fix, vehicle: VehicleClass, _ limits: Thresholds
    ) -> MotionStep? {
        guard tsMs != .min, fix.tsMs - tsMs <= Self.restartMs else {
            restart(at: fix)
            return nil
        }
        return learn(from: fix, vehicle: vehicle, limits)
    }

    @inline(__always)
    private mutating func judge(
        _ step: MotionStep, _ fix: Fix, _ limits: Thresholds
    ) -> UInt64 {
        overspeed.judge(step, limits)
            | headingMismatch.judge(step, limits)
            | frozen.judge(step, holdMaxS: holdMaxS, moves: moves, limits)
            | lock.judge(step, moves: moves, limits)
            | grid.judge(step, fix, limits)
            | metadata.judge(step, limits)
            | altitude.judge(step, limits)
    }

    /// Rules that need a position with every fix.
    @inline(__always)
    private mutating func judgeShape(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        divergence.judge(step, channels, headingAgreed: headingMismatch.agreed, limits)
            | speedMismatch.judge(step, channels, limits)
            | zigzag.judge(step, limits)
            | line.judge(step, limits)
            | evenSpeed.judge(step, channels, limits)
            | jitter.judge(step, limits)
    }

    /// A held fix: the rider is said to be elsewhere.
    package mutating func hold(
        _ fix: Fix, _ leg: Leg, vehicle: VehicleClass, _ limits: Thresholds
    ) -> UInt64 {
        let stepMs = tsMs == .min ? 0 : fix.tsMs - tsMs
        let far = Float(leg.distanceM)
        let follows = flicker.follows(fix, stepMs: stepMs)
        heldInRow = follows ? min(heldInRow + 1, 200) : 1
        let goesOn = follows && flicker.isFurther(far)
        var codes: UInt64 = 0
        if goesOn && heldInRow >= 3 && stepMs <= Self.longestJumpMs {
            let before = overspeed.debtM
            overspeed.held(
                far, seconds: Float(leg.dtStarMs) * 0.001, vehicle: vehicle,
                reportedMps: Self.mps(fix.speedCms), limits)
            if overspeed.debtM > before {
                noteOnset(before, vehicle, limits)
                hasHeldDebt = true
            }
            codes = overspeed.code(limits)
        }
        return codes
            | flicker.judge(fix, distanceM: far, stepMs: stepMs, goesOn: goesOn, limits)
    }

    /// A debt of speed begins: whether the step before, still that of this state, was a slow one.
    private mutating func noteOnset(
        _ debtBeforeM: Float, _ vehicle: VehicleClass, _ limits: Thresholds
    ) {
        guard debtBeforeM == 0 else { return }
        let lastM = (eastM * eastM + northM * northM).squareRoot()
        // A position that was re-sent says nothing of the speed.
        guard lastM > 0 else { return }
        isSuddenlyFast = OverspeedState.isSudden(
            after: lastM, seconds: stepSeconds, vehicle: vehicle, limits)
    }

    /// A jump is confirmed by its third fix, so it may have taken three times the usual step.
    private static let longestJumpMs: Int64 = 60_000

    /// Returns what is left of the debt of speed: of all windows it alone outlives a jump.
    private mutating func jump(
        to fix: Fix, vehicle: VehicleClass, _ limits: Thresholds
    ) -> OverspeedState {
        let (east, north) = Offset.metres(fromLatE7: latE7, lonE7: lonE7, to: fix)
        lock.jumped(eastM: east, northM: north, moves: moves)
        let passedMs = fix.tsMs - tsMs
        guard passedMs <= Self.longestJumpMs else { return OverspeedState() }
        var fast = overspeed
        fast.jumped(
            (east * east + north * north).squareRoot(), seconds: Float(passedMs) * 0.001,
            vehicle: vehicle, limits)
        if fast.debtM > 0 { noteOnset(overspeed.debtM, vehicle, limits) }
        hasHeldDebt = false
        return fast
    }

    /// All windows anew. After a gap and from another source it is another device, as far as the
    /// stream can show: what was learned is of the old one.
    private mutating func restart(at fix: Fix) {
        let isOther = source != 0 && fix.source != .unknown && source != fix.source.rawValue
        if isOther { forgetDevice() }
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
        heldMs = 0
        windowSixteenths = 0
        set(fix, speedMps: Self.mps(fix.speedCms), Direction(headingCdeg: fix.headingCdeg))
    }

    private mutating func forgetDevice() {
        channels = ChannelState()
        headingMismatch = HeadingMismatchState()
        lock = LockState()
        metadata = MetadataState()
        altitude = AltitudeState()
        grid = GridState()
        (holdMaxS, holds, moves) = (0, 0, 0)
    }

    @inline(__always)
    mutating func take(_ fix: Fix, _ step: MotionStep) {
        (eastM, northM, stepSeconds) = (step.eastM, step.northM, step.moveSeconds)
        windowSixteenths = min(4_000, windowSixteenths + UInt16(step.seconds * 16 + 0.5))
        if step.isHold {
            heldMs = min(heldMs, 1_000_000_000) + Int32(truncatingIfNeeded: fix.tsMs - tsMs)
        } else {
            heldMs = 0
            if moves < .max { moves += 1 }
        }
        set(fix, speedMps: step.speedMps, step.heading)
    }

    @inline(__always)
    private mutating func set(_ fix: Fix, speedMps: Float, _ heading: Direction) {
        tsMs = fix.tsMs
        latE7 = fix.latE7
        lonE7 = fix.lonE7
        self.speedMps = speedMps
        self.heading = heading
        accuracyDm = fix.accuracyDm
        altitudeDm = fix.altitudeDm
        if fix.source != .unknown { source = fix.source.rawValue }
    }

    @inline(__always)
    private func step(
        to fix: Fix, vehicle: VehicleClass, _ limits: Thresholds
    ) -> MotionStep {
        let isHold = fix.latE7 == latE7 && fix.lonE7 == lonE7
        let (east, north) = Offset.metres(fromLatE7: latE7, lonE7: lonE7, to: fix)
        let seconds = Float(fix.tsMs - tsMs) * 0.001
        let held = seconds + Float(heldMs) * 0.001
        let isStanding = speedMps >= 0 && speedMps < Self.mps(limits.standingCms)
        let credit = min(max(15, 2 * holdMaxS), 60)
        let distance = (east * east + north * north).squareRoot()
        let moveSeconds =
            isStanding || isHold ? seconds : min(held, max(seconds, credit))
        return MotionStep(
            seconds: seconds, perSecond: 1 / seconds, moveSeconds: moveSeconds,
            heldSeconds: held, lastEastM: eastM, lastNorthM: northM, lastSeconds: stepSeconds,
            eastM: east, northM: north,
            distanceM: distance, isHold: isHold,
            isSettled: windowSixteenths >= Self.settledSixteenths,
            speedMps: Self.mps(fix.speedCms), previousSpeedMps: speedMps,
            heading: Direction(headingCdeg: fix.headingCdeg), previousHeading: heading,
            accuracyM: Float(Leg.accuracyM(fix.accuracyDm, limits)),
            accuracyDm: fix.accuracyDm, previousAccuracyDm: accuracyDm,
            altitudeDm: fix.altitudeDm, previousAltitudeDm: altitudeDm, vehicle: vehicle,
            impliedMps: distance / max(moveSeconds, 0.05))
    }

    @inline(__always)
    private static func mps(_ cms: Int32) -> Float { cms == Fix.absent ? -1 : Float(cms) * 0.01 }

    /// A phone that re-sends positions for more than a second, as a habit: one new position in
    /// twenty comes so.
    package var isHolder: Bool {
        holdMaxS > 1 && holds >= 3 && Int(holds) * 20 >= Int(moves)
    }

    /// A position that was re-sent and then left at the pace of a vehicle was a hold.
    @inline(__always)
    private mutating func learnHold(_ step: MotionStep) {
        // The usual fix is a new position after a new position.
        guard heldMs > 200, !step.isHold, step.distanceM > 8 else { return }
        let wasMoving = step.speedMps < 0 || step.meanSpeedMps > 1.5
        let pace = step.distanceM / step.heldSeconds
        if wasMoving && pace > 1.5 && step.heldSeconds <= 60 {
            holdMaxS = max(holdMaxS, step.heldSeconds - step.seconds)
            if holds < .max { holds += 1 }
        }
    }
}
