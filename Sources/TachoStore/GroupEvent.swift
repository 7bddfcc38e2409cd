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
    /// The hit that opened it was critical.
    package var windowIsCritical: Bool
    /// A JSON object; empty for later hits of a window.
    package var evidence: [UInt8]

    package init(
        rider: UInt32, tsMs: Int64, atRecvMs: Int64, code: UInt8, severity: UInt8,
        verdict: Verdict, windowStartMs: Int64, windowCount: UInt32, windowIsCritical: Bool,
        evidence: [UInt8]
    ) {
        self.rider = rider
        self.tsMs = tsMs
        self.atRecvMs = atRecvMs
        self.code = code
        self.severity = severity
        self.verdict = verdict
        self.windowStartMs = windowStartMs
        self.windowCount = windowCount
        self.windowIsCritical = windowIsCritical
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

    @inline(__always)
    package init(toLateTail: Bool, entersChain: Bool) {
        self.toLateTail = toLateTail
        self.entersChain = entersChain
    }

    /// As a row carries it.
    @inline(__always)
    package var bits: UInt64 {
        (toLateTail ? FixRow.lateTailBit : 0) | (entersChain ? FixRow.entersChainBit : 0)
    }
}

/// One thing that happened, in the order it happened: the body of a commit group is a row of these.
/// Replaying them in order makes the same state again.
package enum GroupEvent: Hashable, Sendable {
    /// Of an alert's severity on disk: a critical hit opened its window.
    static let criticalWindowBit: UInt8 = 0x80

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
    /// A proposal of the rules across riders was judged; what came of it are events beside this one.
    case compared(proposal: UInt64)
    /// The rule set that is in force from here on; opaque here. No fix is in the same group.
    case rules(image: [UInt8])
    case review(AlertReview)
    /// A code that alerts only when it recurs has occurred.
    case recurrence(CodeRecurrence)
    /// A geofence was set, deleted or expired; opaque here.
    case fence(change: [UInt8])
    case order(OrderEvent)
    /// Entries of the stream `verdicts`, a run of them.
    case verdicts(VerdictRuns.Run)
    /// The first entries of this group on the streams `orders` and `verdicts` have these n, with the
    /// group's commit time; the others follow. Before all that it numbers.
    case entries(orderN: UInt32, verdictN: UInt32)

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
        case compared = 10
        case rules = 12
        case review = 14
        case recurrence = 15
        case fence = 16
        case order = 17
        case verdicts = 18
        case entries = 19
    }
}

extension ByteWriter {
    package mutating func putEvent(_ event: GroupEvent) {
        switch event {
        case .rider(let number, let name):
            put(GroupEvent.Kind.rider.rawValue)
            putVarint(UInt64(number))
            putBlob(name)
        case .fix(let rider, let stored, let route):
            withUnsafeTemporaryAllocation(
                byteCount: FixEvent.maxByteCount, alignment: 8
            ) { room in
                let (row, needsExtra) = FixRow.pack(stored, route: route.bits)
                let count = FixEvent.write(
                    rider: rider, row, needsExtra ? FixRow.extra(stored) : nil,
                    to: room.baseAddress!)
                put(UnsafeRawBufferPointer(rebasing: room[..<count]))
            }
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
        case .compared(let proposal):
            put(GroupEvent.Kind.compared.rawValue)
            putVarint(proposal)
        case .rules(let image):
            put(GroupEvent.Kind.rules.rawValue)
            putBlob(image)
        case .review(let review):
            put(GroupEvent.Kind.review.rawValue)
            putReview(review)
        case .recurrence(let one):
            put(GroupEvent.Kind.recurrence.rawValue)
            putRecurrence(one)
        case .fence(let change):
            put(GroupEvent.Kind.fence.rawValue)
            putBlob(change)
        case .order(let event):
            put(GroupEvent.Kind.order.rawValue)
            putBlob(event.bytes)
        case .verdicts(let run):
            put(GroupEvent.Kind.verdicts.rawValue)
            putVarint(UInt64(run.count))
            putBlob(run.bytes)
        case .entries(let orderN, let verdictN):
            put(GroupEvent.Kind.entries.rawValue)
            putVarint(UInt64(orderN))
            putVarint(UInt64(verdictN))
        }
    }

    private mutating func putAlert(_ hit: AlertHit) {
        put(GroupEvent.Kind.alert.rawValue)
        putVarint(UInt64(hit.rider))
        putZigzag(hit.tsMs)
        putZigzag(hit.atRecvMs)
        put(hit.code)
        put(hit.severity | (hit.windowIsCritical ? GroupEvent.criticalWindowBit : 0))
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
