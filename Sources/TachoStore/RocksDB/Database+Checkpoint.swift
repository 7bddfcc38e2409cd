import CRocksDB

#if canImport(Glibc)
    import Glibc
#endif

/// A table file of a database.
package struct TableFile: Hashable, Comparable, Sendable {
    package var family: String
    /// As `000012.sst`.
    package var name: String
    package var bytes: UInt64

    package static func < (a: TableFile, b: TableFile) -> Bool {
        (a.family, a.name) < (b.family, b.name)
    }
}

/// What the table files of one family hold together.
package struct FamilyFigures: Hashable, Sendable {
    package var family: String
    package var files: UInt64 = 0
    /// Rows written to them, deletions included.
    package var entries: UInt64 = 0
    package var deletions: UInt64 = 0
    package var bytes: UInt64 = 0

    package init(family: String) { self.family = family }
}

extension Database {
    /// Moments that are tried until one comes in which no merge ends.
    private static let maxTries = 20

    /// A copy of the database at `path`, which does not exist, of a moment in which nothing was being
    /// written and all rows were in table files. `atPoint` runs in that moment, and again in another
    /// one if that cannot be used. Gives the figures that
    /// the database had then; who opens the copy must find the same.
    ///
    /// Table files are the same files under a second name, so `path` lies in the same file system.
    /// Writers wait for what is left in memory after a first pass without them, and for
    /// the names. RocksDB's issue 12731 loses rows of a log that is copied while it is written; here
    /// it holds nothing.
    package func checkpoint(
        to path: String, _ atPoint: () throws(StoreError) -> Void
    ) throws(StoreError) -> [FamilyFigures] {
        for number in 0..<Self.maxTries {
            try flushAll()
            var counted: [FamilyFigures]?
            let before = try gate.closed { () throws(StoreError) -> [TableFile]? in
                try flushAll()
                let before = tables
                if number > 0 { counted = try figures() }
                try copyFiles(to: path)
                // A merge that ended meanwhile may or may not be in the copy.
                guard tables == before else { return nil }
                try atPoint()
                return before
            }
            if let before {
                if let counted { return counted }
                // Many files take a while: first without holding up writers, which is good if the
                // files are still those, and else while they wait.
                let counted = try figures()
                if tables == before { return counted }
            }
            FileSystem.removeTree(path)
        }
        throw .io("no moment without a merge of files came; try again")
    }

    private func flushAll() throws(StoreError) {
        for family in Family.allCases { try flush(family) }
    }

    private func copyFiles(to path: String) throws(StoreError) {
        var failure: UnsafeMutablePointer<CChar>?
        let maker = rocksdb_checkpoint_object_create(handle, &failure)
        if let message = takeMessage(&failure) { throw .io(message) }
        defer { rocksdb_checkpoint_object_destroy(maker) }
        rocksdb_checkpoint_create(maker, path, 0, &failure)
        if let message = takeMessage(&failure) { throw .io(message) }
    }

    /// All table files, in order.
    package var tables: [TableFile] {
        guard let list = rocksdb_livefiles(handle) else { return [] }
        defer { rocksdb_livefiles_destroy(list) }
        return (0..<rocksdb_livefiles_count(list)).map { index in
            TableFile(
                family: String(cString: rocksdb_livefiles_column_family_name(list, index)),
                name: String(
                    String(cString: rocksdb_livefiles_name(list, index)).drop { $0 == "/" }),
                bytes: UInt64(rocksdb_livefiles_size(list, index)))
        }.sorted()
    }

    /// Of all families of this program, also those without a file. Rows are counted from what each
    /// file says of itself: the list of live files has counts only of those that were written since
    /// the database was opened and of some twenty others of a family, and 0 of the rest.
    /// Cost: a read of each file that is not open.
    package func figures() throws(StoreError) -> [FamilyFigures] {
        let files = tables
        var figures: [FamilyFigures] = []
        for family in Family.allCases {
            var sum = FamilyFigures(family: family.name)
            for file in files where file.family == family.name {
                sum.files += 1
                sum.bytes += file.bytes
            }
            if sum.files > 0 {
                let properties = text("rocksdb.aggregated-table-properties", of: family)
                guard let entries = Self.count("# entries", in: properties),
                    let deletions = Self.count("# deletions", in: properties)
                else { throw .io("family \(family.name): its files cannot be counted") }
                (sum.entries, sum.deletions) = (entries, deletions)
            }
            figures.append(sum)
        }
        return figures
    }

    /// The number behind `name=` in a list of them with `;` between.
    private static func count(_ name: String, in properties: String) -> UInt64? {
        for part in properties.split(separator: ";") {
            let words = part.split(separator: "=", maxSplits: 1)
            guard words.count == 2, words[0].drop(while: { $0 == " " }) == name else { continue }
            return UInt64(words[1].filter { $0 != " " })
        }
        return nil
    }

    /// Opens a database that nobody writes to, and changes nothing of it but its text log `LOG`. A
    /// family that an older program did not know is empty; one that this program does not know is
    /// refused.
    package static func openForReading(path: String) throws(StoreError) -> Database {
        let made = try DatabaseOptions().make()
        defer { DatabaseOptions.destroy(made) }
        var failure: UnsafeMutablePointer<CChar>?
        var count = 0
        let list = rocksdb_list_column_families(made.database, path, &count, &failure)
        if let message = takeMessage(&failure) { throw .damaged(message) }
        let there = (0..<count).map { String(cString: list![$0]!) }
        rocksdb_list_column_families_destroy(list, count)
        let known = Family.allCases.filter { there.contains($0.name) }
        if let other = there.first(where: { name in !known.contains { $0.name == name } }) {
            throw .damaged("\(path) has a family \(other), which only a newer program knows")
        }
        var cNames = known.map { UnsafePointer(strdup($0.name)) }
        defer { for name in cNames { free(UnsafeMutableRawPointer(mutating: name)) } }
        var options: [OpaquePointer?] = known.map { made.families[$0.rawValue] }
        var handles = [OpaquePointer?](repeating: nil, count: known.count)
        let handle = rocksdb_open_for_read_only_column_families(
            made.database, path, Int32(known.count), &cNames, &options, &handles, 0, &failure)
        if let message = takeMessage(&failure) { throw .damaged(message) }
        // The family `default` is always there and empty.
        let families = Family.allCases.map { family in
            known.firstIndex(of: family).flatMap { handles[$0] } ?? handles[0]!
        }
        return Database(handle: handle!, families: families)
    }
}
