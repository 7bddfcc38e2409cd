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
    /// Which of the batch's `riders` it is. Riders of a packed batch have one index each; others
    /// may have several.
    package var riderIndex: UInt32
    /// Meaningful if provenance is `claimed`.
    package var claimedRecvMs: Int64

    static func malformed(_ reason: Malformed) -> BatchEntry {
        BatchEntry(
            fix: Fix(tsMs: 0, latE7: 0, lonE7: 0), nameStart: 0, nameCount: 0, provenance: .live,
            fieldDropped: false, malformed: reason, riderIndex: 0, claimedRecvMs: 0)
    }
}

/// Reports on their way into the engine: what crosses a module border, many at a time.
///
/// Names lie in one buffer so that a batch is three allocations, however many riders it has.
package struct FixBatch: Sendable {
    package private(set) var entries: [BatchEntry] = []
    private var nameTable = BatchNames()
    /// Sets the vehicle class of every rider in the batch before its fixes are judged.
    package var vehicle: VehicleClass?

    package init(capacity: Int = 0) {
        entries.reserveCapacity(capacity)
        nameTable.reserve(capacity)
    }

    package var count: Int { entries.count }

    /// What `riders` and entries point into.
    package var names: [UInt8] { nameTable.bytes }

    /// Where in `names` each name lies. Every one belongs to at least one good entry.
    package var riders: [BatchName] { nameTable.riders }

    package mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        nameTable.removeAll()
        vehicle = nil
    }

    /// The same reports at another time and beside: all of them moved by `byMs` and `byLatE7`;
    /// `turned`: with the opposite heading, as of a way taken back. For load generators, which send
    /// a stretch again and again.
    package mutating func shift(byMs: Int64, byLatE7: Int32, turned: Bool) {
        entries.withUnsafeMutableBufferPointer { entries in
            for index in entries.indices {
                entries[index].fix.tsMs += byMs
                entries[index].fix.latE7 += byLatE7
                let heading = entries[index].fix.headingCdeg
                if turned && heading != Fix.absent {
                    entries[index].fix.headingCdeg = (heading + 18_000) % 36_000
                }
            }
        }
    }

    /// Of an import, which no phone waits for. By the first report that is one: nobody mixes them.
    package var isImport: Bool {
        (entries.first { $0.malformed == nil }?.provenance ?? .live) != .live
    }

    /// Gives a report of the batch another fix. For load generators.
    package mutating func replace(_ index: Int, by fix: Fix) { entries[index].fix = fix }

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
        if let last = entries.last, last.malformed == nil,
            nameTable.holds(rider, at: last.riderIndex)
        {
            add(fix, last.riderIndex, provenance, claimedRecvMs, fieldDropped)
        } else {
            add(fix, nameTable.add(rider), provenance, claimedRecvMs, fieldDropped)
        }
        return nil
    }

    /// Adds `count` reports at once: `fill` gets the places of the new entries, all marked
    /// malformed, and sets those that are good. It adds a rider's name once, before the first
    /// good entry that has it.
    /// Cost: one call a batch, no check of what was set.
    package mutating func append(
        _ count: Int, _ fill: (UnsafeMutableBufferPointer<BatchEntry>, inout BatchNames) -> Void
    ) {
        let first = entries.count
        entries.append(contentsOf: repeatElement(.malformed(.rowBroken), count: count))
        Self.fill(&entries, from: first, &nameTable, fill)
    }

    /// Apart from `append` so that both arrays can be lent at the same time.
    private static func fill(
        _ entries: inout [BatchEntry], from first: Int, _ names: inout BatchNames,
        _ fill: (UnsafeMutableBufferPointer<BatchEntry>, inout BatchNames) -> Void
    ) {
        entries.withUnsafeMutableBufferPointer {
            fill(UnsafeMutableBufferPointer(rebasing: $0[first...]), &names)
        }
    }

    package mutating func appendMalformed(_ reason: Malformed) {
        entries.append(.malformed(reason))
    }

    private mutating func add(
        _ fix: Fix, _ rider: UInt32, _ provenance: Provenance, _ claimed: Int64, _ dropped: Bool
    ) {
        let name = nameTable.riders[Int(rider)]
        entries.append(
            BatchEntry(
                fix: fix, nameStart: name.start, nameCount: name.count, provenance: provenance,
                fieldDropped: dropped, malformed: nil, riderIndex: rider, claimedRecvMs: claimed))
    }
}
