/// One report of a batch: a fix, or the reason why there is none.
package struct BatchEntry: Sendable, BitwiseCopyable {
    package var fix: Fix
    /// Where the rider's name lies in the batch's `names`.
    package var nameStart: UInt32
    package var nameCount: UInt8
    package var provenance: Provenance
    /// An optional field was out of range or no number, and was dropped.
    package var fieldDropped: Bool
    /// nil: the fix is good. Otherwise it is not stored and the other values mean nothing.
    package var malformed: Malformed?
    /// Meaningful if provenance is `claimed`.
    package var claimedRecvMs: Int64
}

/// Reports on their way into the engine: what crosses a module border, many at a time.
///
/// Names lie in one buffer so that a batch is two allocations, however many riders it has.
package struct FixBatch: Sendable {
    package private(set) var entries: [BatchEntry] = []
    package private(set) var names: [UInt8] = []
    /// Sets the vehicle class of every rider in the batch before its fixes are judged.
    package var vehicle: VehicleClass?

    package init(capacity: Int = 0) {
        entries.reserveCapacity(capacity)
        names.reserveCapacity(capacity * 12)
    }

    package var count: Int { entries.count }

    package mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        vehicle = nil
    }

    /// The same reports at another time: all of them moved by `byMs`; `turned`: with the opposite
    /// heading, as of a way taken back. For load generators, which send a stretch again and again.
    package mutating func shift(byMs: Int64, turned: Bool) {
        entries.withUnsafeMutableBufferPointer { entries in
            for index in entries.indices {
                entries[index].fix.tsMs += byMs
                let heading = entries[index].fix.headingCdeg
                if turned && heading != Fix.absent {
                    entries[index].fix.headingCdeg = (heading + 18_000) % 36_000
                }
            }
        }
    }

    /// Adds a report given as text. `history` marks imports: a readable `recv` makes it claimed.
    /// Returns why it is malformed, if it is; the entry is added either way, so that masks line up.
    @discardableResult
    package mutating func append(
        rider: UnsafeRawBufferPointer, text: FixText, history: Bool = false
    ) -> Malformed? {
        switch text.read() {
        case .failure(let reason):
            appendMalformed(RiderName.defect(rider) ?? reason)
            return entries[entries.count - 1].malformed
        case .success(let reading):
            var provenance = Provenance.live
            if history { provenance = reading.claimedRecvMs == nil ? .history : .claimed }
            return append(
                rider: rider, fix: reading.fix, provenance: provenance,
                claimedRecvMs: reading.claimedRecvMs ?? 0, fieldDropped: reading.fieldDropped)
        }
    }

    /// Adds a fix that is already a value.
    @discardableResult
    package mutating func append(
        rider: UnsafeRawBufferPointer, fix: Fix, provenance: Provenance = .live,
        claimedRecvMs: Int64 = 0, fieldDropped: Bool = false
    ) -> Malformed? {
        if let reason = RiderName.defect(rider) {
            appendMalformed(reason)
            return reason
        }
        // A run of one rider shares its name: the common case of imports.
        let start = names.count
        if let last = entries.last, last.malformed == nil, last.nameCount == UInt8(rider.count),
            names.withUnsafeBytes({ all in
                all[Int(last.nameStart)..<Int(last.nameStart) + rider.count].elementsEqual(rider)
            })
        {
            add(fix, last.nameStart, rider.count, provenance, claimedRecvMs, fieldDropped)
            return nil
        }
        names.append(contentsOf: rider)
        add(fix, UInt32(start), rider.count, provenance, claimedRecvMs, fieldDropped)
        return nil
    }

    package mutating func appendMalformed(_ reason: Malformed) {
        entries.append(
            BatchEntry(
                fix: Fix(tsMs: 0, latE7: 0, lonE7: 0), nameStart: 0, nameCount: 0,
                provenance: .live, fieldDropped: false, malformed: reason, claimedRecvMs: 0))
    }

    private mutating func add(
        _ fix: Fix, _ start: UInt32, _ count: Int, _ provenance: Provenance, _ claimed: Int64,
        _ dropped: Bool
    ) {
        entries.append(
            BatchEntry(
                fix: fix, nameStart: start, nameCount: UInt8(count), provenance: provenance,
                fieldDropped: dropped, malformed: nil, claimedRecvMs: claimed))
    }
}

/// What a writer is told about each report: bits that may be combined. `stored` has none.
package struct ReplyMask: OptionSet, Hashable, Sendable, BitwiseCopyable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let stored = ReplyMask([])
    /// Identical to a stored fix; nothing was stored. Carries no other bit.
    package static let duplicate = ReplyMask(rawValue: 1)
    /// Older than the newest accepted or flagged fix of the rider when it arrived.
    package static let late = ReplyMask(rawValue: 2)
    /// The effect is not accept.
    package static let flagged = ReplyMask(rawValue: 4)
    /// A different fix was stored at that (rider, time) before.
    package static let conflict = ReplyMask(rawValue: 8)
    /// TS_FUTURE, TS_PAST or TS_STEP.
    package static let clock = ReplyMask(rawValue: 16)
    /// Accuracy above 100 m.
    package static let lowAccuracy = ReplyMask(rawValue: 32)
    /// Malformed, not stored.
    package static let malformed = ReplyMask(rawValue: 64)
    /// An optional field was dropped.
    package static let fieldDropped = ReplyMask(rawValue: 128)
}
