package import TachoStore

/// What a copied database and journal say of themselves, counted from the files alone: compared with
/// what the engine knew at that point before a backup is called complete, and again when it is
/// restored.
package struct BackupContents: Equatable, Sendable {
    package struct Seal: Equatable, Sendable {
        package var segment: UInt64
        package var bytes: UInt64
        package var sha256: [UInt8]
    }

    package var families: [FamilyFigures] = []
    /// Points by the counters of riders' states and by the journal behind each.
    package var points: UInt64 = 0
    /// Numbers that were given up with the operator's consent.
    package var lost: UInt64 = 0
    package var riders: UInt64 = 0
    /// Behind the journal.
    package var nextSequence: UInt64 = 1
    /// Sealed ranges, ascending.
    package var seals: [Seal] = []

    package init() {}

    /// Of `db/` and `journal/` in `place`, which nobody uses. Cost: the rows of riders' states and the
    /// journal are read.
    package init(of place: String, group: UInt64, hash: UInt64) throws(StoreError) {
        let database = try Database.openForReading(path: place + "/db")
        let read = Result { () throws(StoreError) in
            var reading = Reading(database)
            return try reading.run(place + "/journal", group: group, hash: hash)
        }
        database.close()
        self = try read.get()
    }

    /// The first difference from what was noted of a point, in words; nil: there is none.
    package func difference(
        families noted: [FamilyFigures], nextSequence expected: UInt64
    ) -> String? {
        for one in noted {
            let found = families.first { $0.family == one.family }
            // One that this program does not know is refused when it is opened.
            guard found != one else { continue }
            let (files, entries) = (found?.files ?? 0, found?.entries ?? 0)
            return "family \(one.family) has \(files) files with \(entries) entries, "
                + "\(one.files) with \(one.entries) were noted"
        }
        if nextSequence != expected {
            return "it ends before sequence \(nextSequence), \(expected) was noted"
        }
        if points + lost != expected - 1 {
            return
                "it has \(points) points and \(lost) given up, of \(expected - 1) that were numbered"
        }
        return nil
    }

    /// The rows and groups, read once.
    private struct Reading {
        let database: Database
        var contents = BackupContents()
        /// The group that each rider's state contains.
        private var asOf: [UInt32: UInt64] = [:]
        private var names: Set<UInt32> = []

        init(_ database: Database) { self.database = database }

        mutating func slots() throws(StoreError) {
            let cursor = database.cursor(.latest)
            cursor.seekToFirst()
            while try cursor.isValid() {
                guard cursor.key.count == 4 else { throw .damaged("a slot's key cannot be read") }
                let slot = try SlotImage.readSlot(cursor.value)
                asOf[KeyReader.u32(cursor.key, at: 0)] = slot.asOfGroup
                contents.points += slot.points
                cursor.next()
            }
            let riders = database.cursor(.riders)
            riders.seekToFirst()
            while try riders.isValid() {
                guard riders.key.count == 4 else { throw .damaged("a rider's key cannot be read") }
                names.insert(KeyReader.u32(riders.key, at: 0))
                riders.next()
            }
        }

        mutating func run(
            _ journal: String, group: UInt64, hash: UInt64
        ) throws(StoreError) -> BackupContents {
            contents.families = try database.figures()
            try slots()
            var mark = CheckpointMark()
            if let bytes = try database.get(.meta, Keys.meta(Store.checkpointKey)) {
                mark = try CheckpointMark(bytes)
            }
            for (range, row) in try SealRow.all(database) where row.state == .sealed {
                contents.seals.append(
                    Seal(segment: UInt64(range), bytes: row.bytes, sha256: row.sha256))
            }
            let sealed = try SealTotals(database).through
            var losses = Set(try LossRows.all(database))
            contents.nextSequence = mark.nextSequence
            let tail = JournalTail(folder: journal, behind: mark)
            try tail.forEach(through: group, hash: hash) { header, body throws(StoreError) in
                contents.nextSequence = header.firstSequence + UInt64(header.points)
                var reader = GroupReader(body)
                while let event = try reader.next() {
                    switch event {
                    case .fix(let rider, _, _):
                        if asOf[rider] ?? 0 < header.group { contents.points += 1 }
                    case .rider(let number, _):
                        names.insert(number)
                    case .loss(let first, let last) where last > 0:
                        contents.nextSequence = last + 1
                        // What segments hold was stepped over and is not lost.
                        if last > sealed { losses.insert(first...last) }
                    default: break
                    }
                }
            }
            contents.lost = losses.reduce(0) { $0 + UInt64($1.count) }
            contents.riders = UInt64(names.count)
            return contents
        }
    }
}
