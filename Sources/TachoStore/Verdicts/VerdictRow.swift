import TachoCodec
package import TachoGeo

/// A row of family `verdicts`: entries of one commit group behind one another, under the id of the
/// first. One row for a thousand entries, or for what a group has, instead of one each: entries are
/// as many as fixes where all of them are doubtful.
package struct VerdictRow: Sendable {
    /// Of the first entry; the others have the same ms and follow it.
    package var first: AlertID
    package var count: Int
    /// Entries of the stream before this row.
    package var before: UInt64
    package var value: [UInt8]

    package var last: AlertID { AlertID(ms: first.ms, n: first.n + UInt32(count) - 1) }
    package var key: [UInt8] { Keys.verdicts(first) }

    static let version: UInt8 = 0

    /// The rows of a group. `revision`: of the rule set that decided.
    package static func rows(
        _ runs: [VerdictRuns.Run], first: AlertID, before: UInt64, revision: UInt64
    ) -> [VerdictRow] {
        var rows: [VerdictRow] = []
        var (next, number) = (first, before)
        var at = 0
        while at < runs.count {
            var writer = ByteWriter()
            writer.put(version)
            writer.put(number)
            writer.put(revision)
            var count = 0
            repeat {
                let run = runs[at]
                writer.putVarint(UInt64(run.count))
                writer.putBlob(run.bytes)
                count += Int(run.count)
                at += 1
            } while at < runs.count && count + Int(runs[at].count) <= VerdictRuns.runLength
            rows.append(
                VerdictRow(first: next, count: count, before: number, value: writer.bytes))
            next.n += UInt32(count)
            number += UInt64(count)
        }
        return rows
    }

    /// What a row says of itself, without its entries.
    package struct Head: Sendable {
        package var before: UInt64
        package var revision: UInt64
        package var count: Int
    }

    package static func head(_ value: UnsafeRawBufferPointer) throws(StoreError) -> Head {
        try walk(value) { (_, _, _) throws(StoreError) in }
    }

    /// Appends entries from the `skipping`th on, `limit` at most.
    package static func entries(
        _ value: UnsafeRawBufferPointer, skipping: Int, limit: Int
    ) throws(StoreError) -> (head: Head, entries: [VerdictEntry]) {
        var list: [VerdictEntry] = []
        let (from, to) = (skipping, skipping.addingReportingOverflow(limit))
        let end = to.overflow ? Int.max : to.partialValue
        let head = try walk(value) { (at, count, bytes) throws(StoreError) in
            guard at + Int(count) > from, at < end else { return }
            try VerdictRuns.Run.read(
                count: count, bytes, skipping: max(0, from - at), limit: end - at, into: &list)
        }
        return (head, list)
    }

    private static func walk(
        _ value: UnsafeRawBufferPointer,
        _ body: (Int, UInt32, UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) -> Head {
        var reader = ByteReader(value)
        guard let version: UInt8 = try? reader.read(), version == Self.version,
            let before: UInt64 = try? reader.read(), let revision: UInt64 = try? reader.read()
        else { throw .damaged("a row of the stream verdicts cannot be read") }
        var count = 0
        while !reader.isAtEnd {
            guard let entries = (try? reader.readVarint()).flatMap({ UInt32(exactly: $0) }),
                let length = (try? reader.readVarint()).flatMap({ Int(exactly: $0) }),
                let bytes = try? reader.take(length), entries > 0,
                entries <= UInt32(VerdictRuns.runLength)
            else { throw .damaged("a row of the stream verdicts is cut off") }
            try body(count, entries, bytes)
            count += Int(entries)
        }
        guard count > 0 else { throw .damaged("a row of the stream verdicts is empty") }
        return Head(before: before, revision: revision, count: count)
    }
}

extension Keys {
    /// Of the entries of a group: the id of the first.
    package static func verdicts(_ first: AlertID) -> [UInt8] {
        var key = KeyWriter()
        key.u64(UInt64(bitPattern: first.ms))
        key.u32(first.n)
        return key.bytes
    }

    package static func verdictsFirst(_ key: UnsafeRawBufferPointer) throws(StoreError) -> AlertID {
        guard key.count == 12, key[0] < 0x80 else {
            throw .damaged("a key of the stream verdicts cannot be read")
        }
        return AlertID(ms: Int64(KeyReader.u64(key, at: 0)), n: KeyReader.u32(key, at: 8))
    }
}
