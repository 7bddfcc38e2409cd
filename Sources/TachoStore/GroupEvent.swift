package import TachoCodec
package import TachoGeo

/// A hit of a rule that operations hear of: the alert itself, or one more in its window.
package struct AlertHit: Hashable, Sendable {
    package var rider: UInt32
    /// The offending fix.
    package var tsMs: Int64
    /// Receipt time when it was decided.
    package var atRecvMs: Int64
    package var code: UInt8
    package var severity: UInt8
    package var verdict: Verdict
    /// The window of the rider and code after this hit; a count of 1 opened it.
    package var windowStartMs: Int64
    package var windowCount: UInt32
    /// A JSON object; empty for later hits of a window.
    package var evidence: [UInt8]

    package init(
        rider: UInt32, tsMs: Int64, atRecvMs: Int64, code: UInt8, severity: UInt8,
        verdict: Verdict, windowStartMs: Int64, windowCount: UInt32, evidence: [UInt8]
    ) {
        self.rider = rider
        self.tsMs = tsMs
        self.atRecvMs = atRecvMs
        self.code = code
        self.severity = severity
        self.verdict = verdict
        self.windowStartMs = windowStartMs
        self.windowCount = windowCount
        self.evidence = evidence
    }

    package var opensWindow: Bool { windowCount == 1 }
}

/// Where a fix went, decided once and replayed as it was.
package struct FixRoute: Hashable, Sendable, BitwiseCopyable {
    /// Beside the rider's time-ordered main tail.
    package var toLateTail: Bool
    /// The chain took it as its next fix in time order.
    package var entersChain: Bool

    package init(toLateTail: Bool, entersChain: Bool) {
        self.toLateTail = toLateTail
        self.entersChain = entersChain
    }
}

/// One thing that happened, in the order it happened: the body of a commit group is a row of these.
/// Replaying them in order makes the same state again.
package enum GroupEvent: Hashable, Sendable {
    case rider(number: UInt32, name: [UInt8])
    /// Its sequence is its place among the fixes of the group.
    case fix(rider: UInt32, StoredFix, FixRoute)
    /// Caused by the fix before it in the group.
    case amend(
        rider: UInt32, tsMs: Int64, ordinal: UInt16, verdict: Verdict, cause: AmendCause)
    /// The rider's chain after a late fix changed where it stands; opaque here.
    case chain(rider: UInt32, image: [UInt8])
    case alert(AlertHit)
    case vehicle(rider: UInt32, VehicleClass)
    /// All tails close; the next point begins range `next`.
    case cut(next: UInt32)
    /// The operator accepted that these acknowledged points are gone. 0, 0: no points were.
    case loss(first: UInt64, last: UInt64)
    /// A checkpoint is complete in the same write: groups before `from` are no longer needed.
    case checkpoint(from: UInt64)

    package enum Kind: UInt8, CaseIterable {
        case rider = 1
        case fix = 2
        case amend = 3
        case chain = 4
        case alert = 5
        case vehicle = 6
        case cut = 7
        case loss = 8
        case checkpoint = 9
    }
}

/// Bits of a fix event's flags (varint).
package enum FixFlags {
    package static let speed: UInt64 = 1
    package static let heading: UInt64 = 2
    package static let accuracy: UInt64 = 4
    package static let altitude: UInt64 = 8
    package static let lateTail: UInt64 = 16
    package static let codes: UInt64 = 32
    package static let trusted: UInt64 = 64
    /// Two bits from here: effect.
    package static let effectShift: UInt64 = 7
    /// Three bits: source.
    package static let sourceShift: UInt64 = 9
    /// Two bits: provenance.
    package static let provenanceShift: UInt64 = 12
    /// Three bits: vehicle class.
    package static let vehicleShift: UInt64 = 14
    package static let entersChain: UInt64 = 1 << 17
}

extension ByteWriter {
    /// The hot one: about 27 bytes, no allocation beyond the buffer's growth.
    package mutating func putFix(rider: UInt32, _ s: StoredFix, _ route: FixRoute) {
        put(GroupEvent.Kind.fix.rawValue)
        let fix = s.fix
        var flags: UInt64 = route.toLateTail ? FixFlags.lateTail : 0
        if route.entersChain { flags |= FixFlags.entersChain }
        if fix.speedCms != Fix.absent { flags |= FixFlags.speed }
        if fix.headingCdeg != Fix.absent { flags |= FixFlags.heading }
        if fix.accuracyDm != Fix.absent { flags |= FixFlags.accuracy }
        if fix.altitudeDm != Fix.absent { flags |= FixFlags.altitude }
        if s.verdict.codes != 0 { flags |= FixFlags.codes }
        if s.verdict.isTrusted { flags |= FixFlags.trusted }
        flags |= UInt64(s.verdict.effect.rawValue) << FixFlags.effectShift
        flags |= UInt64(fix.source.rawValue) << FixFlags.sourceShift
        flags |= UInt64(s.provenance.rawValue) << FixFlags.provenanceShift
        flags |= UInt64(s.vehicle.rawValue) << FixFlags.vehicleShift
        putVarint(flags)
        putVarint(UInt64(rider))
        putZigzag(fix.tsMs)
        put(fix.latE7)
        put(fix.lonE7)
        putZigzag((s.recvMs - fix.tsMs) / StoredFix.receiptStepMs)
        if flags & FixFlags.speed != 0 { putVarint(UInt64(fix.speedCms)) }
        if flags & FixFlags.heading != 0 { putVarint(UInt64(fix.headingCdeg)) }
        if flags & FixFlags.accuracy != 0 { putVarint(UInt64(fix.accuracyDm)) }
        if flags & FixFlags.altitude != 0 { putZigzag(Int64(fix.altitudeDm)) }
        if s.provenance == .claimed { putZigzag(s.claimedRecvMs) }
        if flags & FixFlags.codes != 0 { putVarint(s.verdict.codes) }
    }

    package mutating func putEvent(_ event: GroupEvent) {
        switch event {
        case .rider(let number, let name):
            put(GroupEvent.Kind.rider.rawValue)
            putVarint(UInt64(number))
            putBlob(name)
        case .fix(let rider, let stored, let route):
            putFix(rider: rider, stored, route)
        case .amend(let rider, let tsMs, let ordinal, let verdict, let cause):
            put(GroupEvent.Kind.amend.rawValue)
            putVarint(UInt64(rider))
            putZigzag(tsMs)
            putVarint(UInt64(ordinal))
            putVerdict(verdict)
            put(cause.rawValue)
        case .chain(let rider, let image):
            put(GroupEvent.Kind.chain.rawValue)
            putVarint(UInt64(rider))
            putBlob(image)
        case .alert(let hit):
            putAlert(hit)
        case .vehicle(let rider, let vehicle):
            put(GroupEvent.Kind.vehicle.rawValue)
            putVarint(UInt64(rider))
            put(vehicle.rawValue)
        case .cut(let next):
            put(GroupEvent.Kind.cut.rawValue)
            putVarint(UInt64(next))
        case .loss(let first, let last):
            put(GroupEvent.Kind.loss.rawValue)
            putVarint(first)
            putVarint(last)
        case .checkpoint(let from):
            put(GroupEvent.Kind.checkpoint.rawValue)
            putVarint(from)
        }
    }

    private mutating func putAlert(_ hit: AlertHit) {
        put(GroupEvent.Kind.alert.rawValue)
        putVarint(UInt64(hit.rider))
        putZigzag(hit.tsMs)
        putZigzag(hit.atRecvMs)
        put(hit.code)
        put(hit.severity)
        putVerdict(hit.verdict)
        putZigzag(hit.windowStartMs)
        putVarint(UInt64(hit.windowCount))
        putBlob(hit.evidence)
    }

    /// codes (varint), then effect in bits 0–1 and the trusted mark in bit 2.
    package mutating func putVerdict(_ verdict: Verdict) {
        putVarint(verdict.codes)
        put(verdict.effect.rawValue | (verdict.isTrusted ? 4 : 0))
    }

    package mutating func putBlob(_ bytes: [UInt8]) {
        putVarint(UInt64(bytes.count))
        put(bytes)
    }
}
