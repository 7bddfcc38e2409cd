import Testing

@testable import TachoAudit

@Suite struct LogEntryTests {
    private static func segment() -> SegmentEntry {
        guard case .segment(let entry) = LogSample.entries(3...3, after: Digest.none)[0] else {
            preconditionFailure("entries are of segments")
        }
        return entry
    }

    @Test func `an entry reads back`() throws {
        var entry = Self.segment()
        #expect(try LogEntry(parsing: LogEntry.segment(entry).encoded()) == .segment(entry))
        entry.points = 0
        entry.tsBounds = TimeBounds()
        entry.recvBounds = TimeBounds()
        let text = LogEntry.segment(entry).encoded()
        #expect(String(decoding: text, as: UTF8.self).contains("received - -\nevents - -\n"))
        #expect(try LogEntry(parsing: text) == .segment(entry))
        entry.tsBounds.add(-5)
        #expect(try LogEntry(parsing: LogEntry.segment(entry).encoded()) == .segment(entry))
    }

    @Test func `every byte counts: no cut and no other text reads as the same entry`() throws {
        let entry = LogEntry.segment(Self.segment())
        let text = entry.encoded()
        for count in text.indices {
            #expect(throws: EntryError.self, "cut to \(count) bytes") {
                try LogEntry(parsing: Array(text[..<count]))
            }
        }
        for place in text.indices {
            for change: UInt8 in [1, 2, 16, 0x20, 0x80] {
                var bytes = text
                bytes[place] ^= change
                if let read = try? LogEntry(parsing: bytes) {
                    #expect(read != entry, "byte \(place)")
                    #expect(read.encoded() == bytes, "byte \(place)")
                }
            }
        }
    }

    @Test(arguments: [
        ("points 10", "points 010"), ("points 10", "points +10"), ("points 10", "points  10"),
        ("events 3 3", "events 3 +3"), ("events 3 3", "events 4 3"), ("events 3 3", "events - 3"),
        ("sequences 21 30", "sequences 31 30"), ("segment 3", "segment 0"),
        ("blocks 1", "blocks 0"), ("format 1 0", "format 1"),
        ("partition 7", "partition 4294967296"),
        ("lost 0\n", ""), ("lost 0\n", "lost 0\nlost 0\n"), ("lost", "Lost"),
    ])
    func `what is not canonical is refused`(change: (String, String)) {
        let text = String(decoding: LogEntry.segment(Self.segment()).encoded(), as: UTF8.self)
        let bad = text.replacing(change.0, with: change.1, maxReplacements: 1)
        #expect(bad != text)
        #expect(throws: EntryError.self) { try LogEntry(parsing: Array(bad.utf8)) }
    }

    @Test func `an entry of a later version is unknown`() {
        let text = String(decoding: LogEntry.segment(Self.segment()).encoded(), as: UTF8.self)
        let later = text.replacing("tacho-segment v1", with: "tacho-segment v2")
        #expect(throws: EntryError.unknown("tacho-segment v2")) {
            try LogEntry(parsing: Array(later.utf8))
        }
    }

    @Test func `a key names its successor and nobody else can`() throws {
        let (old, new, thief) = (LogSample.key(), LogSample.key(), LogSample.key())
        let rotation = try KeyRotation(
            partition: 7, from: old, to: new.verifier, previous: Digest.none)
        let bytes = LogEntry.keyRotation(rotation).encoded()
        #expect(try LogEntry(parsing: bytes) == .keyRotation(rotation))
        for bit in 0..<bytes.count * 8 {
            var forged = bytes
            forged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: EntryError.self, "bit \(bit)") { try LogEntry(parsing: forged) }
        }
        var note = SignedNote(text: rotation.note.text)
        note.sign(with: thief)
        #expect(throws: EntryError.self) { try LogEntry(parsing: note.encoded()) }
        #expect(throws: EntryError.self) {
            try KeyRotation(
                partition: 7, from: old, to: LogSample.key("other").verifier,
                previous: Digest.none)
        }
        #expect(throws: EntryError.self) {
            try KeyRotation(partition: 7, from: old, to: old.verifier, previous: Digest.none)
        }
    }

    @Test func `who trusts a key trusts its successors and not its predecessors' forgers`() throws {
        let keys = (0..<4).map { _ in LogSample.key() }
        var chain = KeyChain()
        for place in 0..<3 {
            let rotation = try KeyRotation(
                partition: 7, from: keys[place], to: keys[place + 1].verifier,
                previous: Digest.none)
            try chain.add(rotation, at: UInt64(place * 10 + 5))
        }
        #expect(chain.key(at: 5) == keys[0].verifier)
        #expect(chain.key(at: 6) == keys[1].verifier)
        #expect(chain.key(at: 26) == keys[3].verifier)
        #expect(chain.trusts(keys[0].verifier, at: 26))
        #expect(chain.trusts(keys[2].verifier, at: 26))
        #expect(!chain.trusts(keys[3].verifier, at: 20), "it was not in force yet")
        #expect(!chain.trusts(LogSample.key().verifier, at: 26))
        let other = try KeyRotation(
            partition: 7, from: keys[1], to: LogSample.key().verifier, previous: Digest.none)
        #expect(throws: LogError(.wrongKey, file: "", "")) { try chain.add(other, at: 40) }
    }
}
