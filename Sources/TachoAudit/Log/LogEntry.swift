/// An entry of the log of segments: canonical text, so that equal statements have equal bytes.
package enum LogEntry: Equatable, Sendable {
    case segment(SegmentEntry)
    case keyRotation(KeyRotation)

    /// Reads an entry. Text that `encoded` would not make again is refused.
    package init(parsing bytes: [UInt8]) throws(EntryError) {
        let first = bytes.prefix { $0 != 0x0A }
        switch String(decoding: first, as: UTF8.self) {
        case SegmentEntry.title: self = .segment(try SegmentEntry(parsing: bytes))
        case KeyRotation.title: self = .keyRotation(try KeyRotation(parsing: bytes))
        default: throw .unknown(String(decoding: first.prefix(40), as: UTF8.self))
        }
        guard encoded() == bytes else { throw .format("it is not in canonical form") }
    }

    package func encoded() -> [UInt8] {
        switch self {
        case .segment(let entry): entry.text
        case .keyRotation(let rotation): rotation.note.encoded()
        }
    }

    /// Leaf hash of the entry before this one; 32 zeros in the first.
    package var previous: [UInt8] {
        switch self {
        case .segment(let entry): entry.previous
        case .keyRotation(let rotation): rotation.previous
        }
    }

    package var partition: UInt32 {
        switch self {
        case .segment(let entry): entry.partition
        case .keyRotation(let rotation): rotation.partition
        }
    }

    /// An entry is longer than its length field can say beyond this.
    static let byteLimit = Int(UInt16.max)
}

/// What the log says of a segment: everything that identifies it and what it holds.
package struct SegmentEntry: Equatable, Sendable {
    package var partition: UInt32
    package var segmentID: UInt64
    /// Format of the file: which bytes its leaves cover.
    package var major: UInt16
    package var minor: UInt16
    package var firstSequence: UInt64
    package var lastSequence: UInt64
    package var recvBounds: TimeBounds
    package var tsBounds: TimeBounds
    package var points: UInt64
    package var lostPoints: UInt64
    package var amendments: UInt64
    /// Leaves of the segment's tree: without it an inclusion proof could not be checked.
    package var blocks: UInt64
    /// Size of the file.
    package var bytes: UInt64
    /// Of the whole file.
    package var sha256: [UInt8]
    /// Head over the leaves of the file's blocks.
    package var root: [UInt8]
    package var previous: [UInt8]

    /// `sha256` and `root` must have been computed from the bytes of the file.
    package init(header: SegmentHeader, sha256: [UInt8], root: [UInt8], previous: [UInt8]) {
        partition = header.interval.partition
        segmentID = header.interval.segmentID
        (major, minor) = (header.major, header.minor)
        firstSequence = header.interval.firstSequence
        lastSequence = header.interval.lastSequence
        recvBounds = header.recvBounds
        tsBounds = header.tsBounds
        points = header.points
        lostPoints = header.lostPoints
        amendments = header.amendments
        blocks = UInt64(header.blocks)
        bytes = header.fileBytes
        self.sha256 = sha256
        self.root = root
        self.previous = previous
    }

    static let title = "tacho-segment v1"

    /// The first words of the lines, in order.
    static let words = [
        "partition", "segment", "format", "sequences", "received", "events", "points", "lost",
        "amendments", "blocks", "bytes", "sha256", "root", "previous",
    ]

    fileprivate var text: [UInt8] {
        let values = [
            "\(partition)", "\(segmentID)", "\(major) \(minor)",
            "\(firstSequence) \(lastSequence)", Self.bounds(recvBounds), Self.bounds(tsBounds),
            "\(points)", "\(lostPoints)", "\(amendments)", "\(blocks)", "\(bytes)",
            Digest.hex(sha256), Digest.hex(root), Digest.hex(previous),
        ]
        let lines = zip(Self.words, values).map { "\($0) \($1)\n" }
        return Array((Self.title + "\n" + lines.joined()).utf8)
    }

    private static func bounds(_ bounds: TimeBounds) -> String {
        bounds.isEmpty ? "- -" : "\(bounds.minMs) \(bounds.maxMs)"
    }

    fileprivate init(parsing text: [UInt8]) throws(EntryError) {
        var lines = try EntryLines(text, count: Self.words.count + 1)
        try lines.skip(Self.title)
        partition = try lines.numbers("partition", 1, as: UInt32.self)[0]
        segmentID = try lines.numbers("segment", 1)[0]
        let format = try lines.numbers("format", 2, as: UInt16.self)
        (major, minor) = (format[0], format[1])
        let sequences: [UInt64] = try lines.numbers("sequences", 2)
        (firstSequence, lastSequence) = (sequences[0], sequences[1])
        recvBounds = try lines.bounds("received")
        tsBounds = try lines.bounds("events")
        points = try lines.numbers("points", 1)[0]
        lostPoints = try lines.numbers("lost", 1)[0]
        amendments = try lines.numbers("amendments", 1)[0]
        blocks = try lines.numbers("blocks", 1)[0]
        bytes = try lines.numbers("bytes", 1)[0]
        sha256 = try lines.hash("sha256")
        root = try lines.hash("root")
        previous = try lines.hash("previous")
        guard segmentID > 0, segmentID < .max, firstSequence > 0, firstSequence <= lastSequence,
            lastSequence < .max, blocks > 0, blocks <= UInt64(UInt32.max)
        else { throw .format("segment, sequences or blocks are impossible") }
    }
}

/// The log's key is another one from here on: a note signed by the old key.
package struct KeyRotation: Equatable, Sendable {
    package let note: SignedNote
    package let partition: UInt32
    package let old: VerifierKey
    package let new: VerifierKey
    package let previous: [UInt8]

    static let title = "tacho-key v1"

    /// The first words of the lines, in order.
    static let words = ["partition", "old", "new", "previous"]

    init(
        partition: UInt32, from old: SigningKey, to new: VerifierKey, previous: [UInt8]
    ) throws(EntryError) {
        self.partition = partition
        self.old = old.verifier
        self.new = new
        self.previous = previous
        let text =
            "\(Self.title)\npartition \(partition)\nold \(old.verifier.text)\n"
            + "new \(new.text)\nprevious \(Digest.hex(previous))\n"
        var note = SignedNote(text: Array(text.utf8))
        note.sign(with: old)
        self.note = note
        try check()
    }

    /// Reads a rotation and checks that the old key signed it.
    package init(parsing bytes: [UInt8]) throws(EntryError) {
        do throws(NoteError) {
            note = try SignedNote(parsing: bytes)
        } catch {
            throw .format(error.message)
        }
        var lines = try EntryLines(note.text, count: Self.words.count + 1)
        try lines.skip(Self.title)
        partition = try lines.numbers("partition", 1, as: UInt32.self)[0]
        old = try lines.key("old")
        new = try lines.key("new")
        previous = try lines.hash("previous")
        try check()
    }

    private func check() throws(EntryError) {
        guard old.kind == .log, new.kind == .log, old.name == new.name, old != new else {
            throw .format("both keys must be a log's, of one name and different")
        }
        guard note.signatures.count == 1, (try? note.verify(by: old)) != nil else {
            throw .format("a key's successor is not signed by the key")
        }
    }
}

/// Why bytes are no entry.
package enum EntryError: Error, Equatable, Sendable {
    case format(String)
    /// Its first line is none of this version.
    case unknown(String)

    package var message: String {
        switch self {
        case .format(let why): why
        case .unknown(let title): "an entry \"\(title)\" is unknown here"
        }
    }
}

/// Takes an entry apart, line by line.
private struct EntryLines {
    private var lines: ArraySlice<ArraySlice<UInt8>>

    init(_ text: [UInt8], count: Int) throws(EntryError) {
        lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
        guard lines.count == count + 1, lines.removeLast().isEmpty else {
            throw .format("it does not have \(count) lines")
        }
    }

    mutating func skip(_ title: String) throws(EntryError) {
        guard lines.removeFirst().elementsEqual(title.utf8) else {
            throw .format("it does not start with \(title)")
        }
    }

    private mutating func values(_ word: String, _ count: Int) throws(EntryError)
        -> [ArraySlice<UInt8>]
    {
        let parts = lines.removeFirst().split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == count + 1, parts[0].elementsEqual(word.utf8) else {
            throw .format("a line is not \"\(word)\" with its values")
        }
        return Array(parts[1...])
    }

    mutating func numbers<T: FixedWidthInteger>(
        _ word: String, _ count: Int, as: T.Type = T.self
    ) throws(EntryError) -> [T] {
        let texts = try values(word, count)
        let numbers = texts.compactMap { CanonicalText.number($0).flatMap { T(exactly: $0) } }
        guard numbers.count == count else { throw .format("a value of \(word) is no number") }
        return numbers
    }

    mutating func bounds(_ word: String) throws(EntryError) -> TimeBounds {
        let texts = try values(word, 2).map { String(decoding: $0, as: UTF8.self) }
        if texts == ["-", "-"] { return TimeBounds() }
        guard let first = Int64(texts[0]), let last = Int64(texts[1]), first <= last else {
            throw .format("the times of \(word) are none")
        }
        return TimeBounds(minMs: first, maxMs: last)
    }

    mutating func hash(_ word: String) throws(EntryError) -> [UInt8] {
        guard let hash = CanonicalText.hash(try values(word, 1)[0]) else {
            throw .format("the value of \(word) is no hash")
        }
        return hash
    }

    mutating func key(_ word: String) throws(EntryError) -> VerifierKey {
        let text = String(decoding: try values(word, 1)[0], as: UTF8.self)
        do throws(KeyError) {
            let key = try VerifierKey(text: text)
            guard key.text == text else { throw .format("white space is no part of it") }
            return key
        } catch {
            throw .format(error.message)
        }
    }
}
