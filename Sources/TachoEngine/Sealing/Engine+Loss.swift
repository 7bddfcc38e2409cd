import TachoAudit
import TachoStore

extension Engine {
    /// The operator's consent to a loss becomes part of the record, before anything new is taken.
    ///
    /// What was lost may have been sealed: those segments stand. The numbering of ranges and
    /// sequences then goes on behind the last of them, so that the next segment continues their
    /// chain, and only what no segment holds is recorded there as a gap.
    func recordLoss() throws(StoreError) {
        guard let loss = store.acceptedLoss else { return }
        var first = loss.first
        if let last = try adoptSegments() {
            if first > 0 && first <= last.sequence {
                let end = min(last.sequence, loss.last)
                try commitAndWait { .loss(first: first, last: end, $0) }
                first = end + 1
            }
            runBarrier(.cut(next: last.range + 1))
            if let reason = control.failure { throw .io(reason) }
        }
        if loss.last == 0 || first <= loss.last {
            try commitAndWait { .loss(first: first, last: loss.last, $0) }
        }
        try control.load(store.database)
    }

    /// Segments whose cut is among what was lost: noted as sealed, if they verify. nil: none.
    private func adoptSegments() throws(StoreError) -> (range: UInt32, sequence: UInt64)? {
        let folder = store.directory.auditPath
        let open = UInt64(progress.now.range)
        let found: [AuditDirectory.Entry]
        do {
            found = try AuditDirectory.segments(at: folder)
        } catch {
            throw .io("cannot read \(folder): \(error.detail)")
        }
        guard let newest = found.last, newest.id >= open, newest.id < UInt64(UInt32.max) else {
            return nil
        }
        var last: (range: UInt32, sequence: UInt64)?
        var rows: [(family: Family, key: [UInt8], value: [UInt8])] = []
        for entry in found where entry.id > UInt64(control.seals.lastRange) {
            let row = try sealedRow(entry)
            rows.append((.meta, Keys.seal(UInt32(entry.id)), row.encoded()))
            last = (UInt32(entry.id), row.lastSequence)
        }
        try commitAndWait { .rows(rows, $0) }
        return last
    }

    private func sealedRow(_ entry: AuditDirectory.Entry) throws(StoreError) -> SealRow {
        do {
            let header = try SegmentReader(path: entry.path).header
            let summary = try SegmentStore.existing(
                directory: store.directory.auditPath, id: entry.id)
            guard let summary else { throw StoreError.damaged("\(entry.path) is gone") }
            return SealRow(
                state: .sealed, points: summary.points, bytes: summary.bytes,
                lastSequence: header.interval.lastSequence, sha256: summary.sha256)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("\(entry.path) does not verify: \(error); restore it from a copy")
        }
    }

    /// Hands an item to the committer and waits until it is durable.
    func commitAndWait(
        _ item: (@escaping @Sendable () -> Void) -> CommitItem
    ) throws(StoreError) {
        let done = Monitor(false)
        commits.push(
            item {
                done.change { isDone in
                    isDone = true
                    return (true, ())
                }
            })
        done.wait { $0 ? () : nil }
        if let reason = control.failure { throw .io(reason) }
    }
}
