/// The journal of commit groups: the one place where a point becomes durable.
///
/// Groups are numbered without gaps. What lies behind (a column family now, files of its own for
/// speed later) is hidden: callers append, replay after a start, and release what a durable
/// checkpoint has made superfluous.
package protocol Journal: Sendable {
    /// Returns when the group and `rows` derived from it are on the device. A throw means the
    /// group may or may not be there after a restart: stop, never retry.
    func append(group: UInt64, record: [UInt8], rows: RowBatch) throws(StoreError)

    /// Hands over all groups from `first` on, in order, until there is none or `body` says stop.
    func replay(
        from first: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws(StoreError) -> Bool
    ) throws(StoreError)

    /// Lets go of groups up to `last`. Only to be called with `rows` that make durable, in the
    /// same write, the checkpoint that replaces them.
    func release(upTo last: UInt64, with rows: RowBatch)
}

/// The journal as a column family: one row per group, synced with the write-ahead log.
///
/// Derived rows ride in the same write. Nothing may rely on that (a journal in files will not have
/// it): replay makes the same rows again.
package final class FamilyJournal: Journal, @unchecked Sendable {
    private let database: Database
    /// False only in tests that prove the durability tests can fail.
    private let syncs: Bool
    /// The oldest group still there. Touched by the committer alone.
    private var oldest: UInt64

    package init(_ database: Database, syncs: Bool = true) throws(StoreError) {
        self.database = database
        self.syncs = syncs
        let cursor = database.cursor(.journal)
        cursor.seekToFirst()
        oldest = try cursor.isValid() ? KeyReader.u64(cursor.key, at: 0) : UInt64.max
    }

    package func append(group: UInt64, record: [UInt8], rows: RowBatch) throws(StoreError) {
        if oldest == UInt64.max { oldest = group }
        rows.put(.journal, Keys.journal(group: group), record)
        try database.write(rows, sync: syncs)
    }

    package func replay(
        from first: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws(StoreError) -> Bool
    ) throws(StoreError) {
        let cursor = database.cursor(.journal)
        cursor.seek(Keys.journal(group: first))
        while try cursor.isValid() {
            guard try body(KeyReader.u64(cursor.key, at: 0), cursor.value) else { return }
            cursor.next()
        }
    }

    package func release(upTo last: UInt64, with rows: RowBatch) {
        guard oldest <= last else { return }
        for group in oldest...last { rows.delete(.journal, Keys.journal(group: group)) }
        oldest = last + 1
    }
}
