import FormatSpec
import Foundation
import Testing

@testable import TachoAudit

/// `format-spec.md` §17 and §18 and the code state the same; the examples are made by other
/// programs (Python and OpenSSL).
@Suite struct LogSpecTests {
    private static let seconds: UInt64 = 1_767_225_700

    /// The text blocks of a section, as bytes.
    private static func texts(_ page: SpecPage) -> [[UInt8]] {
        page.lines.indices.filter { page.lines[$0] == "```text" }.map { start in
            let lines = page.lines[(start + 1)...].prefix { $0 != "```" }
            return Array(lines.map { $0 + "\n" }.joined().utf8)
        }
    }

    private static func log() throws -> [[UInt8]] { texts(try SpecPage(subsection: "17.7")) }

    private static func keys() throws -> [String] {
        String(decoding: try log()[0], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func `the words of entries are those of the code`() throws {
        let page = try SpecPage(subsection: "17.2")
        #expect(page.table("word | values")?.column("word") == SegmentEntry.words)
        #expect(page.table("word | value")?.column("word") == KeyRotation.words)
        #expect(page.text.contains("`\(SegmentEntry.title)`"))
        #expect(page.text.contains("`\(KeyRotation.title)`"))
        #expect(page.text.contains("At most 65,535 bytes") && LogEntry.byteLimit == 65_535)
    }

    @Test func `algorithms and titles are those of the code`() throws {
        let kinds = try SpecPage(subsection: "17.3").table("algorithm | signs")
        #expect(
            kinds?.column("algorithm")
                == [VerifierKey.Kind.log, .witness].map { "\($0.rawValue)" })
        #expect(try SpecPage(subsection: "17.6").text.contains("`\(TrustFile.title)`"))
        let proof = try SpecPage(section: 18)
        #expect(proof.table("line | how often")?.rows[0][0] == "`\(PointProof.title)`")
    }

    @Test func `the example's keys are made from their seeds`() throws {
        let keys = try Self.keys()
        let key = try SigningKey(text: keys[0])
        #expect(key.text == keys[0])
        #expect(key.verifier.text == keys[1])
        #expect(try LogSample.fixedKey().verifier.text == keys[1])
        #expect(try LogSample.fixedKey(seed: 3).verifier.text == keys[2])
        let witness = try LogSample.fixedKey("witness.example/w1", .witness, seed: 2)
        #expect(witness.verifier.text == keys[3])
    }

    @Test func `the log of the example segment is the example`() throws {
        let directory = try TemporaryDirectory()
        try SegmentSpecTests.example().seal(in: directory)
        let (key, next) = (try LogSample.fixedKey(), try LogSample.fixedKey(seed: 3))
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: 1)
        try log.sign(with: key)
        try log.rotateKey(from: key, to: next.verifier)
        try log.sign(with: next)
        _ = consume log
        let texts = try Self.log()
        let reader = LogReader(audit: directory.path)
        #expect(try reader.entry(0, size: 2).encoded() == texts[1])
        guard case .keyRotation(let ours) = try reader.entry(1, size: 2),
            case .keyRotation(let theirs) = try LogEntry(parsing: texts[2])
        else {
            Issue.record("entry 1 names no key")
            return
        }
        #expect(ours.note.text == theirs.note.text)
        let theirCheckpoint = try SignedCheckpoint(parsing: texts[3])
        // Here signatures repeat; where they do not, the roots differ with the note of the key.
        #expect(ours == theirs)
        #expect(try reader.checkpoint()?.head == theirCheckpoint.head)
        let bundle = try directory.readLog("tile/entries/000.p/2")
        let line = try SpecPage(subsection: "17.7").text
        #expect(line.contains("\(bundle.count) bytes and SHA-256"))
        #expect(line.contains(Digest.hex(bundle.withUnsafeBytes(Digest.of))))
        #expect(
            try directory.readLog("tile/0/000.p/2") == SpecPage(subsection: "17.7").hex())
    }

    @Test func `the example's checkpoint is signed by both`() throws {
        let checkpoint = try SignedCheckpoint(parsing: try Self.log()[3])
        let keys = try Self.keys()
        try checkpoint.verify(by: VerifierKey(text: keys[2]))
        #expect(throws: NoteError.self) { try checkpoint.verify(by: VerifierKey(text: keys[1])) }
        #expect(try checkpoint.note.verify(by: VerifierKey(text: keys[3])) == Self.seconds)
    }

    @Test func `the example's proof proves what the page says`() throws {
        let text = Self.texts(try SpecPage(subsection: "18.1"))[0]
        let proof = try PointProof(parsing: text)
        let keys = try Self.keys()
        for key in keys[1...2] {
            let fixes = try ProofCheck.run(
                proof, key: VerifierKey(text: key), witnesses: [VerifierKey(text: keys[3])])
            #expect(fixes.rider == Array("7".utf8))
            #expect(fixes.rows.count == 2)
            #expect(
                fixes.rows[1].hasPrefix("7,1767225601000,37.5")
                    && fixes.rows[1].hasSuffix(",ok,ok,1,0,1"))
        }
        let stranger = LogSample.key().verifier
        #expect(throws: ProofError(.wrongKey, "")) { try ProofCheck.run(proof, key: stranger) }
    }

    @Test func `the example's proof is the one that is made`() throws {
        let directory = try TemporaryDirectory()
        try SegmentSpecTests.example().seal(in: directory)
        let (key, next) = (try LogSample.fixedKey(), try LogSample.fixedKey(seed: 3))
        let witness = try LogSample.fixedKey("witness.example/w1", .witness, seed: 2)
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: 1)
        try log.sign(with: key)
        try log.rotateKey(from: key, to: next.verifier)
        try log.sign(with: next)
        _ = consume log
        _ = try LogSigning.cosign(
            audit: directory.path, key: witness, log: key.verifier,
            state: directory.path + "/state", seconds: Self.seconds)
        let proof = try PointProof.make(
            audit: directory.path, rider: Array("7".utf8), tsMs: 1_767_225_601_000)
        #expect(proof.encoded() == Self.texts(try SpecPage(subsection: "18.1"))[0])
    }
}
