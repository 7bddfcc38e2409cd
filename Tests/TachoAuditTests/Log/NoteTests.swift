import Foundation
import Testing

@testable import TachoAudit

@Suite struct NoteTests {
    /// The example of the package that made the format known.
    private static let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    private static let skey =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    private static let text =
        "If you think cryptography is the answer to your problem,\n"
        + "then you don't know what your problem is.\n"
    private static let signature =
        "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfq"
        + "dngotpRZb6KE6RyyBwJnAM=\n"
    private static let note = Array((text + "\n" + signature).utf8)

    @Test func `a note of another program verifies`() throws {
        let key = try VerifierKey(text: Self.vkey)
        #expect(key.name == "PeterNeumann")
        #expect(key.id == 0xC74F_20A3)
        let note = try SignedNote(parsing: Self.note)
        #expect(note.text == Array(Self.text.utf8))
        #expect(try note.verify(by: key) == 0)
        #expect(note.encoded() == Self.note)
    }

    @Test func `keys have the text of other programs`() throws {
        let key = try SigningKey(text: Self.skey + "\n")
        #expect(key.text == Self.skey)
        #expect(key.verifier.text == Self.vkey)
        var note = SignedNote(text: Array(Self.text.utf8))
        note.sign(with: key)
        try note.verify(by: VerifierKey(text: Self.vkey))
    }

    @Test func `every changed bit of a note is found`() throws {
        let key = try VerifierKey(text: Self.vkey)
        var missed: [Int] = []
        for bit in 0..<Self.note.count * 8 {
            var bytes = Self.note
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let note = try? SignedNote(parsing: bytes) else { continue }
            if (try? note.verify(by: key)) != nil { missed.append(bit) }
        }
        #expect(missed == [])
    }

    @Test func `a note cut anywhere is none or not signed`() throws {
        let key = try VerifierKey(text: Self.vkey)
        for count in 0..<Self.note.count {
            guard let note = try? SignedNote(parsing: Array(Self.note[..<count])) else { continue }
            #expect(throws: NoteError.self, "cut to \(count) bytes") { try note.verify(by: key) }
        }
    }

    @Test func `signatures of others are kept and not judged`() throws {
        let (log, other) = (LogSample.key(), LogSample.key("other.example"))
        var note = SignedNote(text: Array("hello\n".utf8))
        note.sign(with: other)
        note.sign(with: log)
        let read = try SignedNote(parsing: note.encoded())
        #expect(read == note)
        #expect(read.signatures.map(\.name) == ["other.example", LogSample.origin])
        try read.verify(by: log.verifier)
        #expect(throws: NoteError.self) { try read.verify(by: LogSample.key().verifier) }
    }

    @Test func `a cosignature states its time and is of no other text or time`() throws {
        let witness = LogSample.key("witness.example/w", .witness)
        var note = SignedNote(text: Array("tacho.example\n1\nAAAA\n".utf8))
        note.sign(with: witness, seconds: 1_679_315_147)
        #expect(note.signatures[0].bytes.count == 72)
        #expect(try note.verify(by: witness.verifier) == 1_679_315_147)
        note.sign(with: witness, seconds: 1_679_315_148)
        #expect(note.signatures.count == 1)
        #expect(try note.verify(by: witness.verifier) == 1_679_315_148)
        var bytes = note.encoded()
        bytes[0] ^= 1
        #expect(throws: NoteError.self) {
            try SignedNote(parsing: bytes).verify(by: witness.verifier)
        }
    }

    @Test func `a log's signature is no cosignature of the same key bytes`() throws {
        let log = try LogSample.fixedKey("same", .log)
        let witness = try LogSample.fixedKey("same", .witness)
        #expect(log.verifier.publicKey == witness.verifier.publicKey)
        #expect(log.verifier.id != witness.verifier.id)
        var note = SignedNote(text: Array("x\n".utf8))
        note.sign(with: log)
        #expect(throws: NoteError.self) { try note.verify(by: witness.verifier) }
    }

    private static let notKeys: [String] = {
        let tail = String(vkey.dropFirst(22))
        return [
            "", "x", "PeterNeumann+c74f20a3", "PeterNeumann+c74f20a4+\(tail)",
            "Peter Neumann+c74f20a3+\(tail)", "PeterNeumann+C74F20A3+\(tail)",
            "\(vkey.dropLast())=", "\(vkey.dropLast(4))", "+c74f20a3+\(tail)",
        ]
    }()

    @Test(arguments: Self.notKeys)
    func `what is no key is refused`(text: String) {
        #expect(throws: KeyError.self) { try VerifierKey(text: text) }
    }

    @Test func `a key of another algorithm is unknown, not broken`() {
        let text = "x+00000000+" + Base64Text.encode([6] + [UInt8](repeating: 0, count: 32))
        #expect(throws: KeyError.algorithm(6)) { try VerifierKey(text: text) }
        #expect(KeyError.algorithm(6).exit == .unknownVersion)
    }

    @Test func `base 64 has one text for every value`() {
        var random = SeededRandom(seed: 5)
        for count in 0..<70 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Base64Text.encode(bytes)
            #expect(text == Data(bytes).base64EncodedString())
            #expect(Base64Text.decode(text.utf8) == bytes)
        }
        for bad in ["A", "AA", "AAA", "AB==", "AAB=", "A===", "=AAA", "AA=A", "AAA\n", "AA-_"] {
            #expect(Base64Text.decode(bad.utf8) == nil, "\(bad)")
        }
    }

    @Test func `a checkpoint reads back, and other texts are none`() throws {
        let head = Checkpoint(
            origin: LogSample.origin, size: 20_852_163, root: [UInt8](repeating: 9, count: 32))
        #expect(try Checkpoint(text: head.text) == head)
        let good = String(decoding: head.text, as: UTF8.self)
        for bad in [
            good + "extension\n", String(good.dropLast()), "\n" + good,
            good.replacing("20852163", with: "020852163"),
            good.replacing("20852163", with: "-1"),
            good.replacing("tacho.example", with: "tacho example"),
            good.replacing("CQkJ", with: "CQkJCQkJ"),
        ] {
            #expect(throws: NoteError.self, "\(bad)") { try Checkpoint(text: Array(bad.utf8)) }
        }
    }
}
