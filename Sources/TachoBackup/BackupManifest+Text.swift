import TachoAudit
import TachoStore

extension BackupManifest {
    static let title = "tacho-backup v1"

    package func encoded() -> [UInt8] {
        var text = SealedText()
        text.line(Self.title)
        text.line("engine", engine)
        text.line("generation", "\(generation)")
        text.line("at", "\(atMs)")
        text.line("group", "\(group)")
        text.line("hash", Self.hex(hash))
        text.line("next_sequence", "\(nextSequence)")
        text.line("points", "\(points)")
        text.line("lost", "\(lost)")
        text.line("riders", "\(riders)")
        text.line("segments", "\(segments)")
        text.line("log", "\(logEntries)")
        for one in families {
            text.line(
                "family", one.family, "\(one.files)", "\(one.entries)", "\(one.deletions)",
                "\(one.bytes)")
        }
        for file in files {
            text.line(
                "file", file.role.rawValue, "\(file.bytes)", Digest.hex(file.sha256),
                file.end.map { Digest.hex($0) } ?? "-", EscapedPath.encode(file.path))
        }
        return text.finished()
    }

    private static func hex(_ hash: UInt64) -> String {
        Digest.hex((0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64(56 - 8 * $0)) })
    }

    /// Why bytes are no manifest.
    package enum ReadError: Error, Equatable, Sendable {
        /// Cut off, or not what was written.
        case damaged
        /// Of a newer program.
        case otherVersion(String)
    }

    package init(_ bytes: [UInt8]) throws(ReadError) {
        guard let lines = SealedText.lines(bytes) else { throw .damaged }
        let title = lines.first?.joined(separator: " ") ?? ""
        guard title == Self.title else {
            throw title.hasPrefix("tacho-backup v")
                ? ReadError.otherVersion(title) : ReadError.damaged
        }
        var reader = Fields(lines.dropFirst())
        guard let engine = reader.word("engine"), let generation = reader.number("generation"),
            let at = reader.word("at").flatMap({ Int64($0) }), let group = reader.number("group"),
            let hash = reader.word("hash").flatMap({ UInt64($0, radix: 16) }),
            let next = reader.number("next_sequence"), let points = reader.number("points"),
            let lost = reader.number("lost"), let riders = reader.number("riders"),
            let segments = reader.number("segments"), let log = reader.number("log"),
            Self.isName(engine), generation > 0
        else { throw .damaged }
        self.init(
            engine: engine, generation: generation, atMs: at, group: group, hash: hash,
            nextSequence: next, points: points, lost: lost, riders: riders, segments: segments,
            logEntries: log, families: [], files: [])
        while let words = reader.take("family", count: 5) {
            var one = FamilyFigures(family: words[0])
            let numbers = words.dropFirst().compactMap { UInt64($0) }
            guard numbers.count == 4 else { throw .damaged }
            (one.files, one.entries) = (numbers[0], numbers[1])
            (one.deletions, one.bytes) = (numbers[2], numbers[3])
            families.append(one)
        }
        while let words = reader.take("file", count: 5) {
            guard let file = File(words), file.path > files.last?.path ?? "" else {
                throw .damaged
            }
            files.append(file)
        }
        // One text each: what is written otherwise was not written by this program.
        guard reader.isAtEnd, encoded() == bytes else { throw .damaged }
    }

    static func isName(_ engine: String) -> Bool {
        engine.utf8.count == 32 && engine.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }
}

extension BackupManifest.File {
    fileprivate init?(_ words: [String]) {
        guard let role = BackupManifest.Role(rawValue: words[0]), let bytes = UInt64(words[1]),
            let sha256 = Digest.bytes(hex: words[2]), let path = EscapedPath.decode(words[4])
        else { return nil }
        let end = words[3] == "-" ? nil : Digest.bytes(hex: words[3])
        self.init(role: role, path: path, bytes: bytes, sha256: sha256, end: end)
    }
}

/// Lines with a word in front, in an order that is given.
private struct Fields {
    private var lines: ArraySlice<[String]>

    init(_ lines: ArraySlice<[String]>) { self.lines = lines }

    var isAtEnd: Bool { lines.isEmpty }

    mutating func take(_ name: String, count: Int) -> [String]? {
        guard let words = lines.first, words.first == name, words.count == count + 1 else {
            return nil
        }
        lines = lines.dropFirst()
        return Array(words.dropFirst())
    }

    mutating func word(_ name: String) -> String? { take(name, count: 1)?[0] }
    mutating func number(_ name: String) -> UInt64? { word(name).flatMap { UInt64($0) } }
}
