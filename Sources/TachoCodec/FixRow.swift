package import TachoGeo

/// What of a stored fix does not fit its row: rare, or rarely used.
package struct FixExtra: Hashable, Sendable, BitwiseCopyable {
    package var codes: UInt64
    /// Meaningful if the provenance is `claimed`.
    package var claimedRecvMs: Int64
    /// Altitude in the lower 21 bits, receipt delay in steps of 64 ms above.
    private var packed: UInt64

    @inline(__always)
    package init(codes: UInt64, claimedRecvMs: Int64, altitudeDm: Int32, delaySteps: Int64) {
        self.codes = codes
        self.claimedRecvMs = claimedRecvMs
        packed =
            UInt64(bitPattern: delaySteps) << FixRow.altitudeBits
            | FixRow.altitudeField(altitudeDm)
    }

    package var altitudeDm: Int32 {
        get { FixRow.altitudeDm(field: packed & FixRow.altitudeAbsent) }
        set { packed = packed & ~FixRow.altitudeAbsent | FixRow.altitudeField(newValue) }
    }

    package var delaySteps: Int64 {
        get { Int64(bitPattern: packed) >> Int64(FixRow.altitudeBits) }
        set {
            packed =
                packed & FixRow.altitudeAbsent
                | UInt64(bitPattern: newValue) << FixRow.altitudeBits
        }
    }

    /// The delay, if nothing else is said.
    @inline(__always)
    package var delayAlone: Int64? {
        codes == 0 && claimedRecvMs == 0 && packed & FixRow.altitudeAbsent == FixRow.altitudeAbsent
            ? delaySteps : nil
    }

    /// Of a row that has none.
    package static var none: FixExtra {
        FixExtra(codes: 0, claimedRecvMs: 0, altitudeDm: Fix.absent, delaySteps: 0)
    }
}

/// A stored fix in three words: the form the journal, open tails and latest share, so that the hot
/// path packs a fix once and then copies 24 bytes.
///
/// Three shifts a field and no branch but for what is absent; about 5 ns. `format-spec.md` §7.
package struct FixRow: Hashable, Sendable, BitwiseCopyable {
    /// Time, 48 bits from −2^47 up; source, provenance, vehicle, verdict and route above.
    package var clock: UInt64
    /// Latitude in the lower half, longitude in the upper.
    package var place: UInt64
    /// Speed, heading, accuracy, receipt delay.
    package var motion: UInt64

    package init(clock: UInt64, place: UInt64, motion: UInt64) {
        self.clock = clock
        self.place = place
        self.motion = motion
    }

    package static let byteCount = 24

    @inlinable package static var timeMask: UInt64 { 1 << 48 - 1 }
    static let sourceShift: UInt64 = 48
    static let provenanceShift: UInt64 = 51
    static let vehicleShift: UInt64 = 53
    static let effectShift: UInt64 = 56
    static let trustedBit: UInt64 = 1 << 58
    @inlinable package static var lateTailBit: UInt64 { 1 << 59 }
    package static let entersChainBit: UInt64 = 1 << 60
    @inlinable package static var extraBit: UInt64 { 1 << 61 }
    static let reservedBits: UInt64 = 3 << 62

    static let speedAbsent: UInt64 = 1 << 17 - 1
    static let headingShift: UInt64 = 17
    static let headingAbsent: UInt64 = 1 << 16 - 1
    static let accuracyShift: UInt64 = 33
    static let accuracyAbsent: UInt64 = 1 << 20 - 1
    static let delayShift: UInt64 = 53
    /// The delay is in the extra.
    static let delayElsewhere: UInt64 = 1 << 11 - 1
    /// Phones' clocks run ahead too: the field begins at −16 s and ends at 114 s.
    static let delayBias: Int64 = 256

    static let altitudeBits: UInt64 = 21
    package static let altitudeAbsent: UInt64 = 1 << 21 - 1
    private static let altitudeBias: Int32 = 200_000
    package static let altitudeLimit: UInt64 = 1_200_000

    /// Packs a fix whose fields are legal. True if it needs an extra besides.
    @inline(__always)
    package static func pack(_ s: StoredFix, route: UInt64) -> (row: FixRow, needsExtra: Bool) {
        let fix = s.fix
        // Wrap-around is meant: times are offset so that they are never negative.
        let time = UInt64(bitPattern: fix.tsMs &+ Fix.timeLimitMs) & timeMask
        let steps = (s.recvMs &- fix.tsMs) / StoredFix.receiptStepMs + delayBias
        let isNear = steps >= 0 && steps < Int64(delayElsewhere)
        let needsExtra =
            !isNear || s.verdict.codes != 0 || fix.altitudeDm != Fix.absent
            || s.provenance == .claimed
        var clock = time | UInt64(fix.source.rawValue) << sourceShift
        clock |= UInt64(s.provenance.rawValue) << provenanceShift
        clock |= UInt64(s.vehicle.rawValue) << vehicleShift
        clock |= UInt64(s.verdict.effect.rawValue) << effectShift
        clock |= (s.verdict.isTrusted ? trustedBit : 0) | route | (needsExtra ? extraBit : 0)
        let speed = fix.speedCms == Fix.absent ? speedAbsent : UInt64(UInt32(fix.speedCms))
        let heading =
            fix.headingCdeg == Fix.absent ? headingAbsent : UInt64(UInt32(fix.headingCdeg))
        let accuracy =
            fix.accuracyDm == Fix.absent ? accuracyAbsent : UInt64(UInt32(fix.accuracyDm))
        let delay = isNear ? UInt64(steps) : delayElsewhere
        return (
            FixRow(
                clock: clock,
                place: UInt64(UInt32(bitPattern: fix.latE7))
                    | UInt64(UInt32(bitPattern: fix.lonE7)) << 32,
                motion: speed | heading << headingShift | accuracy << accuracyShift
                    | delay << delayShift),
            needsExtra
        )
    }

    @inline(__always) package static func extra(_ s: StoredFix) -> FixExtra {
        FixExtra(
            codes: s.verdict.codes, claimedRecvMs: s.claimedRecvMs, altitudeDm: s.fix.altitudeDm,
            delaySteps: (s.recvMs - s.fix.tsMs) / StoredFix.receiptStepMs)
    }

    @inlinable package var tsMs: Int64 { Int64(clock & FixRow.timeMask) &- Fix.timeLimitMs }
    @inlinable package var latE7: Int32 { Int32(truncatingIfNeeded: place) }
    @inlinable package var lonE7: Int32 { Int32(truncatingIfNeeded: place >> 32) }
    @inlinable package var hasExtra: Bool { clock & FixRow.extraBit != 0 }
    package var hasDelayElsewhere: Bool { motion >> FixRow.delayShift == FixRow.delayElsewhere }
    /// Receipt delay in steps of 64 ms, unless it is elsewhere.
    package var delaySteps: Int64 { Int64(motion >> FixRow.delayShift) - FixRow.delayBias }
    /// A receiver of satellites may have said this, and it does not call it worse than so many dm.
    @inline(__always)
    package func isPrecise(toDm limit: Int32) -> Bool {
        let source = clock >> FixRow.sourceShift & 7
        let accuracy = motion >> FixRow.accuracyShift & FixRow.accuracyAbsent
        return source != UInt64(FixSource.net.rawValue) && source != UInt64(FixSource.mock.rawValue)
            && (accuracy <= UInt64(UInt32(limit)) || accuracy == FixRow.accuracyAbsent)
    }
    /// It stated an accuracy worse than so many dm.
    @inline(__always)
    package func isCoarser(thanDm limit: Int32) -> Bool {
        let accuracy = motion >> FixRow.accuracyShift & FixRow.accuracyAbsent
        return accuracy > UInt64(UInt32(limit)) && accuracy != FixRow.accuracyAbsent
    }
    /// Accepted or flagged, as it was stored.
    @inline(__always)
    package var isShown: Bool { clock >> FixRow.effectShift & 3 <= UInt64(Effect.flag.rawValue) }
    package var isClaimed: Bool {
        bits(FixRow.provenanceShift, 3) == Provenance.claimed.rawValue
    }
    @inlinable package var toLateTail: Bool { clock & FixRow.lateTailBit != 0 }
    package var entersChain: Bool { clock & FixRow.entersChainBit != 0 }

    /// The fix again. `extra` is looked at only if the row says it has one.
    @inline(__always)
    package func stored(_ extra: FixExtra) -> StoredFix {
        let ts = tsMs
        let speed = motion & FixRow.speedAbsent
        let heading = motion >> FixRow.headingShift & FixRow.headingAbsent
        let accuracy = motion >> FixRow.accuracyShift & FixRow.accuracyAbsent
        let delay = motion >> FixRow.delayShift
        let has = hasExtra
        let steps =
            delay == FixRow.delayElsewhere ? extra.delaySteps : Int64(delay) - FixRow.delayBias
        let provenance = Provenance(rawValue: bits(FixRow.provenanceShift, 3))!
        return StoredFix(
            fix: Fix(
                tsMs: ts, latE7: latE7, lonE7: lonE7,
                speedCms: speed == FixRow.speedAbsent ? Fix.absent : Int32(speed),
                headingCdeg: heading == FixRow.headingAbsent ? Fix.absent : Int32(heading),
                accuracyDm: accuracy == FixRow.accuracyAbsent ? Fix.absent : Int32(accuracy),
                altitudeDm: has ? extra.altitudeDm : Fix.absent,
                source: FixSource(rawValue: bits(FixRow.sourceShift, 7))!),
            provenance: provenance, vehicle: VehicleClass(rawValue: bits(FixRow.vehicleShift, 7))!,
            verdict: Verdict(
                codes: has ? extra.codes : 0,
                effect: Effect(rawValue: bits(FixRow.effectShift, 3))!,
                isTrusted: clock & FixRow.trustedBit != 0),
            recvMs: ts + steps * StoredFix.receiptStepMs,
            claimedRecvMs: has ? extra.claimedRecvMs : 0)
    }

    /// Whether the words mean something: for rows that come from a file.
    package var isLegal: Bool {
        let speed = motion & FixRow.speedAbsent
        let heading = motion >> FixRow.headingShift & FixRow.headingAbsent
        let accuracy = motion >> FixRow.accuracyShift & FixRow.accuracyAbsent
        return clock & FixRow.reservedBits == 0 && clock & FixRow.timeMask != 0
            && FixSource(rawValue: bits(FixRow.sourceShift, 7)) != nil
            && Provenance(rawValue: bits(FixRow.provenanceShift, 3)) != nil
            && VehicleClass(rawValue: bits(FixRow.vehicleShift, 7)) != nil
            && latE7 >= -900_000_000 && latE7 <= 900_000_000 && lonE7 >= -1_800_000_000
            && lonE7 <= 1_800_000_000 && (speed <= 100_000 || speed == FixRow.speedAbsent)
            && (heading < 36_000 || heading == FixRow.headingAbsent)
            && (accuracy <= 1_000_000 || accuracy == FixRow.accuracyAbsent)
            && (hasExtra || !hasDelayElsewhere && !isClaimed)
    }

    @inline(__always) private func bits(_ shift: UInt64, _ mask: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: clock >> shift & mask)
    }

    @inline(__always) package static func altitudeField(_ altitudeDm: Int32) -> UInt64 {
        altitudeDm == Fix.absent ? altitudeAbsent : UInt64(UInt32(altitudeDm + altitudeBias))
    }

    @inline(__always) package static func altitudeDm(field: UInt64) -> Int32 {
        field == altitudeAbsent ? Fix.absent : Int32(field) - altitudeBias
    }
}

/// A row with its extra: one fix, whole, in fixed width. What a slot and `latest` hold.
package struct FixImage: Hashable, Sendable, BitwiseCopyable {
    package var row: FixRow
    package var extra: FixExtra

    @inline(__always) package init(row: FixRow, extra: FixExtra) {
        self.row = row
        self.extra = extra
    }

    @inline(__always) package init(_ stored: StoredFix) {
        row = FixRow.pack(stored, route: 0).row
        extra = row.hasExtra ? FixRow.extra(stored) : .none
    }

    package var stored: StoredFix { row.stored(extra) }
}
