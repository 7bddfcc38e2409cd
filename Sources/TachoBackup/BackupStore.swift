import TachoAudit
import TachoStore

#if canImport(Glibc)
    import Glibc
#endif

/// A directory of generations; `format-spec.md` §25.
///
///     BACKUP                        which generations there are
///     generations/00000003.manifest
///     objects/4f/4f0c…              contents by their SHA-256, shared by generations
///     audit/                        a mirror of segments and log, shared by generations
///     tmp/                          means nothing
///
/// A generation counts from the moment in which its manifest has its name: everything that it speaks of
/// is on the device before. Nothing that a manifest speaks of is ever changed.
package final class BackupStore {
    package let path: String
    package private(set) var index: BackupIndex?
    private let lock: Int32
    /// Folders with new names in them.
    private var unsynced: Set<String> = []
    /// What is wrong with the backup, and stops nothing.
    package private(set) var warnings: [String] = []

    static let indexName = "BACKUP"
    private static let ours: Set<String> = [
        indexName, indexName + ".tmp", "LOCK", "generations", "objects", "audit", "tmp",
        "lost+found",
    ]

    /// To write: the directory is made if there is none, and must be empty or a backup. Its parent has
    /// to be there, lest one writes below where nothing is mounted.
    package init(writing path: String, of data: String) throws(BackupFailure) {
        guard let place = Disk.place(path) else {
            throw .usage("the directory that \(path) is to be in does not exist; make it first")
        }
        if let source = Disk.real(data) {
            guard !Disk.isInside(place, source), !Disk.isInside(source, place) else {
                throw .usage(
                    "\(path) and \(data) lie in each other; name a directory beside it, best on "
                        + "another disk")
            }
        }
        self.path = place
        try Disk.makeDirectory(place)
        try Self.checkOwn(place)
        lock = try Self.takeLock(place, LOCK_EX)
        index = try Self.readIndex(place)
        for folder in ["generations", "objects", "tmp"] {
            try Disk.makeDirectory(place + "/" + folder)
        }
        try adoptWhole()
    }

    /// To read: there has to be a backup. One without its index can be read by the number of a
    /// generation.
    package init(reading path: String, generation: UInt64? = nil) throws(BackupFailure) {
        self.path = path
        if access(path + "/" + Self.indexName, F_OK) != 0 {
            let there = try Self.manifests(in: path)
            guard !there.isEmpty else {
                throw .usage(
                    "\(path) is no backup: it has no file \(Self.indexName); name the directory "
                        + "that tacho backup wrote to")
            }
            guard generation != nil else {
                throw .usage(
                    "\(path)/\(Self.indexName) is missing; put it back from a copy, run tacho backup "
                        + "again, which makes it from the manifests, or say --generation "
                        + there.map { String($0) }.joined(separator: " or "))
            }
        }
        lock = try Self.takeLock(path, LOCK_SH)
        index = try Self.readIndex(path)
    }

    deinit { if lock >= 0 { close(lock) } }

    private static func checkOwn(_ path: String) throws(BackupFailure) {
        let names = try Disk.list(path)
        if names.contains(indexName) { return }
        if let other = names.first(where: { !ours.contains($0) }) {
            throw .usage(
                "\(path) is no backup and not empty (it holds \(other)); name an empty directory")
        }
    }

    private static func takeLock(_ path: String, _ kind: Int32) throws(BackupFailure) -> Int32 {
        let file = path + "/LOCK"
        var descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // A backup on a disk that may only be read can be restored too.
        if descriptor < 0 && kind == LOCK_SH {
            descriptor = open(file, O_RDONLY | O_CLOEXEC)
            if descriptor < 0 { return -1 }
        }
        guard descriptor >= 0 else { throw .system("create", file) }
        guard flock(descriptor, kind | LOCK_NB) == 0 else {
            close(descriptor)
            throw .tryAgain("\(path) is in use by another backup or restore; wait for it")
        }
        return descriptor
    }

    private static func readIndex(_ path: String) throws(BackupFailure) -> BackupIndex? {
        let file = path + "/" + indexName
        guard access(file, F_OK) == 0 else { return nil }
        guard let index = BackupIndex(try Disk.read(file)) else {
            throw .damaged([
                "\(file) was cut or changed; put it back from a copy of the backup, or make a new "
                    + "backup in another directory"
            ])
        }
        return index
    }

    // MARK: Generations

    static func manifestName(_ generation: UInt64) -> String {
        let digits = String(generation)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".manifest"
    }

    func manifestPath(_ generation: UInt64) -> String {
        path + "/generations/" + Self.manifestName(generation)
    }

    /// Numbers of all manifests that are there, ascending.
    func manifests() throws(BackupFailure) -> [UInt64] { try Self.manifests(in: path) }

    private static func manifests(in path: String) throws(BackupFailure) -> [UInt64] {
        guard access(path + "/generations", F_OK) == 0 else { return [] }
        return try Disk.list(path + "/generations").compactMap { name in
            let number = UInt64(name.prefix { $0 != "." })
            return number.flatMap { manifestName($0) == name ? $0 : nil }
        }.sorted()
    }

    package var newest: UInt64? { index?.generations.last?.number }

    /// Behind every manifest that is there, also one that cannot be read: nothing is written over.
    func nextGeneration() throws(BackupFailure) -> UInt64 {
        max(newest ?? 0, try manifests().last ?? 0) + 1
    }

    /// The manifest of a generation that somebody asked for by its number: one behind the last that
    /// the index names counts from its name on, and is known by its own seal.
    func manifest(askedFor generation: UInt64) throws(BackupFailure) -> BackupManifest {
        guard generation > newest ?? 0, try manifests().contains(generation) else {
            return try manifest(generation)
        }
        let file = manifestPath(generation)
        return try read(Disk.read(file), generation, file)
    }

    /// The manifest of a generation, if it is the one that the index names.
    package func manifest(_ generation: UInt64) throws(BackupFailure) -> BackupManifest {
        let file = manifestPath(generation)
        guard let entry = index?.generations.first(where: { $0.number == generation }) else {
            let there = index?.generations.map { String($0.number) } ?? []
            throw .usage(
                "there is no generation \(generation) in \(path); there are: "
                    + (there.isEmpty ? "none" : there.joined(separator: ", ")))
        }
        guard access(file, F_OK) == 0 else {
            throw .damaged(["\(file) is missing; \(others(than: generation))"])
        }
        let bytes = try Disk.read(file)
        guard bytes.withUnsafeBytes({ Digest.of($0) }) == entry.sha256 else {
            throw .damaged([
                "\(file) is not the manifest that \(Self.indexName) names; "
                    + others(than: generation)
            ])
        }
        return try read(bytes, generation, file)
    }

    private func read(
        _ bytes: [UInt8], _ generation: UInt64, _ file: String
    ) throws(BackupFailure) -> BackupManifest {
        do throws(BackupManifest.ReadError) {
            let manifest = try BackupManifest(bytes)
            guard manifest.generation == generation,
                index == nil || manifest.engine == index?.engine
            else { throw .damaged }
            return manifest
        } catch {
            switch error {
            case .damaged:
                throw .damaged([
                    "\(file) is no manifest of generation \(generation); "
                        + others(than: generation)
                ])
            case .otherVersion(let title):
                throw .refused("\(file) begins \"\(title)\": use a newer program")
            }
        }
    }

    /// What else could be restored, as advice.
    private func others(than generation: UInt64) -> String {
        let rest = (index?.generations ?? []).map(\.number).filter { $0 != generation }
        return rest.isEmpty
            ? "put the file back from a copy of the backup"
            : "put the file back from a copy of the backup, or take --generation "
                + rest.map { String($0) }.joined(separator: " or ")
    }

    /// Manifests behind the last one that the index names.
    func unindexed() throws(BackupFailure) -> [UInt64] {
        try manifests().filter { $0 > newest ?? 0 }
    }

    /// A kill may have come between a manifest's name and the index.
    private func adoptWhole() throws(BackupFailure) {
        let found = try unindexed()
        if index == nil && found.isEmpty { return }
        let isLost = index == nil
        for number in found {
            do throws(BackupFailure) {
                try adopt(number)
            } catch {
                guard error.isOfOneFile else { throw error }
                // Without the index nobody can say what it was, nor whether it is of this engine.
                guard !isLost else {
                    throw .damaged([
                        "\(path)/\(Self.indexName) is missing and \(manifestPath(number)) cannot be "
                            + "read (\(error)); put the former back from a copy, or move the manifest "
                            + "away, which gives up its generation"
                    ])
                }
                warnings.append("\(error); generation \(number) does not count until then")
            }
        }
        if isLost {
            warnings.append(
                "\(path)/\(Self.indexName) was missing, and was made again from "
                    + "\(found.count) manifests")
        }
        if let index { try Disk.replace(Self.indexName, in: path, with: index.encoded()) }
    }

    private func adopt(_ number: UInt64) throws(BackupFailure) {
        let bytes = try Disk.read(manifestPath(number))
        let manifest = try read(bytes, number, manifestPath(number))
        if index == nil { index = BackupIndex(engine: manifest.engine) }
        let sha256 = bytes.withUnsafeBytes { Digest.of($0) }
        index!.generations.append(.init(number: number, sha256: sha256))
    }

    /// An earlier backup must be of the same engine.
    func claim(engine: String) throws(BackupFailure) {
        if let index {
            guard index.engine == engine else {
                throw .usage(
                    "\(path) is a backup of another engine (\(index.engine), this is \(engine)); "
                        + "name another directory")
            }
            return
        }
        let fresh = BackupIndex(engine: engine)
        try Disk.replace(Self.indexName, in: path, with: fresh.encoded())
        index = fresh
    }

    /// Makes a generation of what was put into the directory.
    func publish(_ manifest: BackupManifest) throws(BackupFailure) {
        for folder in unsynced.sorted() { try Disk.syncDirectory(folder) }
        try Disk.syncDirectory(path + "/objects")
        try Disk.syncDirectory(path)
        unsynced = []
        let bytes = manifest.encoded()
        try Disk.replace(
            Self.manifestName(manifest.generation), in: path + "/generations", with: bytes)
        index!.generations.append(
            .init(number: manifest.generation, sha256: bytes.withUnsafeBytes { Digest.of($0) }))
        try Disk.replace(Self.indexName, in: path, with: index!.encoded())
    }

    // MARK: Objects

    func objectPath(_ sha256: [UInt8]) -> String {
        let name = Digest.hex(sha256)
        return path + "/objects/" + name.prefix(2) + "/" + name
    }

    /// Where the bytes of a file are.
    func source(of file: BackupManifest.File) -> String {
        guard file.role == .segment else { return objectPath(file.sha256) }
        return path + "/" + file.path
    }

    func has(_ file: BackupManifest.File) -> Bool { Disk.size(source(of: file)) == file.bytes }

    /// Whether the object of a file has the bytes of its name. Cost: it is read.
    func isSound(_ file: BackupManifest.File, _ pacer: Pacer) throws(BackupFailure) -> Bool {
        try isSound(objectPath(file.sha256), file.sha256, file.bytes, pacer)
    }

    private func isSound(
        _ object: String, _ sha256: [UInt8], _ count: UInt64, _ pacer: Pacer
    ) throws(BackupFailure) -> Bool {
        guard Disk.size(object) == count else { return false }
        do throws(BackupFailure) {
            let found = try Source(object).forEachPiece(to: count) { piece throws(BackupFailure) in
                try pacer.check()
                pacer.took(piece.count)
            }
            return found == sha256
        } catch {
            // What the disk does not give back is none either.
            if case .inputOutput = error { return false }
            throw error
        }
    }

    /// Copies the first `count` bytes of a file, unless there is a sound object of these already. The
    /// copy is read back from the device before it gets its name.
    func put(
        _ source: Source, count: UInt64, _ pacer: Pacer
    ) throws(BackupFailure) -> (sha256: [UInt8], isNew: Bool) {
        let temporary = path + "/tmp/object"
        let copy = try NewCopy(temporary)
        do throws(BackupFailure) {
            let sha256 = try source.forEachPiece(to: count) { piece throws(BackupFailure) in
                try pacer.check()
                try copy.write(piece)
                pacer.took(piece.count)
            }
            let object = objectPath(sha256)
            let folder = String(object.dropLast(65))
            if try isSound(object, sha256, count, pacer) {
                copy.remove()
                // One that was killed may have left its name in memory.
                unsynced.insert(folder)
                return (sha256, false)
            }
            try copy.sync()
            let back = try Source(temporary).forEachPiece(to: count)
            guard back == sha256 else {
                throw .inputOutput(
                    "\(temporary) was written but reads back wrong; check the disk and memory, "
                        + "then run again")
            }
            try Disk.makeDirectory(folder)
            if Disk.size(object) != nil {
                warnings.append(
                    "\(object) was not what its name says and was written anew; look at the disk")
            }
            guard rename(temporary, object) == 0 else { throw .system("rename", temporary) }
            unsynced.insert(folder)
            return (sha256, true)
        } catch {
            copy.remove()
            throw error
        }
    }

    // MARK: What is not needed any more

    /// Gives up all but the newest `keep` generations.
    func prune(keep: Int) throws(BackupFailure) -> [UInt64] {
        let all = index?.generations ?? []
        let gone = all.dropLast(keep).map(\.number)
        guard !gone.isEmpty else { return [] }
        index!.generations = Array(all.suffix(keep))
        // First the index: what it does not name is none.
        try Disk.replace(Self.indexName, in: path, with: index!.encoded())
        return Array(gone)
    }

    /// Removes what no generation speaks of: manifests given up, objects of backups that came to
    /// nothing. Segments stay. Gives the number of objects removed. While a manifest cannot be read
    /// nobody knows what it speaks of, and all objects stay.
    func clean() throws(BackupFailure) -> Int {
        var known: Set<String> = []
        var unreadable: [UInt64] = []
        let kept = index?.generations.map(\.number) ?? []
        for number in kept {
            do throws(BackupFailure) {
                for file in try manifest(number).files where file.role != .segment {
                    known.insert(Digest.hex(file.sha256))
                }
            } catch {
                guard error.isOfOneFile else { throw error }
                unreadable.append(number)
            }
        }
        for number in try manifests() where !kept.contains(number) {
            // Older than all that count it was given up, else it was never taken into the index.
            if number < kept.first ?? 0 {
                unlink(manifestPath(number))
            } else {
                unreadable.append(number)
            }
        }
        try Disk.syncDirectory(path + "/generations")
        for name in try Disk.list(path + "/tmp") { unlink(path + "/tmp/" + name) }
        guard unreadable.isEmpty else {
            warnings.append(
                "nothing is removed from \(path)/objects while manifests cannot be read (generation "
                    + unreadable.sorted().map { String($0) }.joined(separator: ", ")
                    + "): put them back from a copy, or give them up with --keep")
            return 0
        }
        var removed = 0
        for folder in try Disk.list(path + "/objects") {
            for name in try Disk.list(path + "/objects/" + folder) where !known.contains(name) {
                unlink(path + "/objects/\(folder)/\(name)")
                removed += 1
            }
        }
        return removed
    }
}
