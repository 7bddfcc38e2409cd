import TachoGeo
import TachoIngest
import TachoStore

extension Shard {
    /// Alerts of a fix as it arrived. `step` is nil for fixes outside the chain.
    mutating func alert(
        _ stored: StoredFix, _ step: ChainStep?, before: RiderBefore = .unknown,
        _ rider: UInt32, _ part: Part
    ) {
        let limits = rules.thresholds
        let motion = slot(rider).pointee.motion
        raise(
            stored.verdict.codes, stored.verdict, stored.fix.tsMs, atRecvMs: stored.ruleRecvMs,
            rider, part,
            circumstances(of: stored, step, before, slot(rider))
        ) { code, shard in
            if code == .teleport || code == .gapSpeed, let anchor = step?.anchor,
                let leg = step?.leg
            {
                return AlertEvidence.leg(
                    from: anchor, to: stored.fix, leg, code: code, vehicle: stored.vehicle,
                    isImmediate: true, run: 1, limits)
            }
            if let statistic = motion.statistic(of: code, limits) {
                return AlertEvidence.motion(
                    stored, statistic, run: motion.run(of: code),
                    previous: shard.previous(of: stored.fix, rider))
            }
            if code == .tsConflict, let first = shard.first(at: stored.fix.tsMs, rider) {
                return AlertEvidence.conflict(
                    stored, with: first.fix, others: first.others, limits)
            }
            return AlertEvidence.point(stored, code, limits)
        }
    }

    private func circumstances(
        of stored: StoredFix, _ step: ChainStep?, _ before: RiderBefore,
        _ slot: UnsafeMutablePointer<Slot>
    ) -> Severity.Circumstances {
        let limits = rules.thresholds
        var all = circumstances(of: step?.leg, before)
        all.isLargeJump =
            slot.pointee.motion.altitudeJumpM > limits.altitudeWarnM
            && !slot.pointee.motion.isAltitudeLost
        all.isHolder = slot.pointee.motion.isHolder
        all.isSudden = slot.pointee.motion.isSuddenlyFast
        if let leg = step?.leg, !stored.verdict.isTrusted {
            all.isNearSpeed = leg.isNearSpeed(stored.vehicle, limits)
        } else {
            all.isNearSpeed = slot.pointee.motion.isNearSpeed(stored.vehicle, limits)
        }
        if let anchor = step?.anchor, anchor.isStanding, anchor.tsMs == slot.pointee.oldestMs {
            let speed = stored.fix.speedCms
            all.isCachedStart = speed != Fix.absent && speed < limits.standingCms
        }
        return all
    }

    /// Whether a leg is one of the jumps receivers make.
    func circumstances(of leg: Leg?, _ before: RiderBefore) -> Severity.Circumstances {
        var all = Severity.Circumstances()
        guard let leg else { return all }
        let limits = rules.thresholds
        all.isNearJump = leg.distanceM <= limits.glitchToM
        all.isAfterGap = leg.isGlitch
        all.isFarAfterGap = leg.isAfterGap && leg.distanceM <= 2.5 * limits.glitchToM
        all.isFresh = before.isFresh
        all.isAtPace = leg.distanceM * 1_000 <= 1.4 * before.paceMps * Double(leg.dtMs)
        return all
    }

    /// Alerts of a verdict that a late fix changed, or of the late fix itself: for codes that are
    /// new. The moment of decision is the late fix's receipt.
    mutating func alert(
        _ change: Rejudge.Change, _ stored: StoredFix, _ rider: UInt32, _ part: Part
    ) {
        let old = change.isLate ? 0 : change.old.codes
        let added = change.verdict.codes & ~old
        guard added != 0 else { return }
        let limits = rules.thresholds
        raise(
            added, change.verdict, change.tsMs, atRecvMs: stored.ruleRecvMs, rider, part,
            circumstances(of: change.evidence?.leg, .unknown),
            decidedBy: change.isLate ? nil : stored.fix
        ) { code in
            guard Chain.codes & code.bit != 0, let evidence = change.evidence else {
                return AlertEvidence.point(stored, code, limits)
            }
            let fix = Fix(tsMs: change.tsMs, latE7: change.place.latE7, lonE7: change.place.lonE7)
            return AlertEvidence.leg(
                from: evidence.anchor, to: fix, evidence.leg, code: code,
                vehicle: stored.vehicle, isImmediate: change.verdict.effect == .hold, run: nil,
                limits)
        }
    }

    /// One alert per rider and code in 60 s of receipt time; later hits raise its count.
    mutating func raise(
        _ codes: UInt64, _ verdict: Verdict, _ tsMs: Int64, atRecvMs: Int64, _ rider: UInt32,
        _ part: Part, _ circumstances: Severity.Circumstances = .init(),
        decidedBy: Fix? = nil, evidence: (Code) -> [UInt8]
    ) {
        raise(
            codes, verdict, tsMs, atRecvMs: atRecvMs, rider, part, circumstances,
            decidedBy: decidedBy
        ) { code, _ in evidence(code) }
    }

    /// The same with evidence that has to be looked up: asked for only when an alert opens.
    mutating func raise(
        _ codes: UInt64, _ verdict: Verdict, _ tsMs: Int64, atRecvMs: Int64, _ rider: UInt32,
        _ part: Part, _ circumstances: Severity.Circumstances = .init(),
        decidedBy: Fix? = nil,
        evidence: (Code, Shard) -> [UInt8]
    ) {
        for code in Code.allCases where codes & code.bit != 0 {
            let severity = Severity.of(code, effect: verdict.effect, circumstances)
            guard severity != .none, recurs(code, atRecvMs: atRecvMs, rider, part) else {
                continue
            }
            let key = Self.alertKey(rider, code.rawValue)
            var window = alertWindows[key]
            let opens = AlertWindow.hit(
                &window, atRecvMs: atRecvMs, isCritical: severity == .crit)
            alertWindows[key] = window
            let hit = AlertHit(
                rider: rider, tsMs: tsMs, atRecvMs: opens ? window!.startMs : atRecvMs,
                code: code.rawValue, severity: severity.rawValue, verdict: verdict,
                windowStartMs: window!.startMs, windowCount: window!.count,
                windowIsCritical: window!.isCritical,
                evidence: opens
                    ? AlertEvidence.with(
                        evidenceContext(rider, decidedBy: decidedBy), evidence(code, self)) : [])
            part.events.putEvent(.alert(hit))
            part.alerts.append(hit)
        }
    }

    /// Whether a code has come often enough to be an alert; most need to come once.
    private mutating func recurs(
        _ code: Code, atRecvMs: Int64, _ rider: UInt32, _ part: Part
    ) -> Bool {
        guard Recurrence.isAsked(of: code) else { return true }
        let key = Self.alertKey(rider, code.rawValue)
        var memory = recurrences[key]
        let recurs = Recurrence.occurs(&memory, atRecvMs: atRecvMs)
        recurrences[key] = memory
        let now = CodeRecurrence(
            rider: rider, code: code.rawValue, newerMs: memory!.newerMs, olderMs: memory!.olderMs)
        part.events.putEvent(.recurrence(now))
        part.recurrences.append(now)
        return recurs
    }

    static func alertKey(_ rider: UInt32, _ code: UInt8) -> UInt64 {
        UInt64(rider) << 8 | UInt64(code)
    }
}
