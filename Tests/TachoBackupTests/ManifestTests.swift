import FormatSpec
import TachoStore
import Testing

@testable import TachoBackup

@Suite struct ManifestTests {
    private func block(_ number: Int) throws -> [UInt8] {
        let page = try SpecPage(section: 25)
        let starts = page.lines.indices.filter { page.lines[$0] == "```text" }
        let lines = page.lines[(starts[number] + 1)...].prefix { $0 != "```" }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    @Test func `the manifest of the page reads, and is written the same`() throws {
        let bytes = try block(0)
        let manifest = try BackupManifest(bytes)
        #expect(manifest.encoded() == bytes)
        #expect(manifest.generation == 2 && manifest.nextSequence == 1_201)
        #expect(manifest.points + manifest.lost == manifest.nextSequence - 1)
        #expect(manifest.hash == 0x0123_4567_89AB_CDEF)
        #expect(manifest.families.first?.entries == 12)
        #expect(manifest.files.count == 6)
        let rides = manifest.files.first { $0.role == .rejected }
        #expect(rides?.path == "rejected/rides may-20260102T000000Z.ndjson")
        #expect(manifest.files.filter { $0.end != nil }.map(\.role) == [.table])
        #expect(!manifest.hasKey)
    }

    @Test func `the index of the page reads, and names that manifest`() throws {
        let bytes = try block(1)
        let index = try #require(BackupIndex(bytes))
        #expect(index.encoded() == bytes)
        #expect(index.generations.map(\.number) == [1, 2])
        let manifest = try BackupManifest(try block(0))
        #expect(index.engine == manifest.engine)
    }

    @Test func `the page names every role`() throws {
        let roles = try SpecPage(section: 25).rows("role | files").map { $0[0] }
        #expect(roles == BackupManifest.Role.allCases.map(\.rawValue))
    }

    @Test func `a manifest cut at any byte, longer, or with any bit turned is refused`() throws {
        let bytes = try block(0)
        for count in 0..<bytes.count {
            #expect(throws: BackupManifest.ReadError.self, "cut to \(count)") {
                try BackupManifest(Array(bytes[..<count]))
            }
        }
        #expect(throws: BackupManifest.ReadError.damaged) { try BackupManifest(bytes + [0x0A]) }
        for place in bytes.indices {
            var other = bytes
            other[place] ^= 1 << UInt8(place % 8)
            #expect(throws: BackupManifest.ReadError.self, "byte \(place)") {
                try BackupManifest(other)
            }
        }
    }

    @Test func `an index cut at any byte or with any bit turned is refused`() throws {
        let bytes = try block(1)
        for count in 0..<bytes.count { #expect(BackupIndex(Array(bytes[..<count])) == nil) }
        for place in bytes.indices {
            var other = bytes
            other[place] ^= 1 << UInt8(place % 8)
            #expect(BackupIndex(other) == nil, "byte \(place)")
        }
    }

    /// Whoever can write a checksum must not write files elsewhere, or numbers in two ways.
    @Test(arguments: [
        ("generation 2", "generation 02"), ("generation 2", "generation 0"),
        ("points 1190", "points -1190"), ("at 1767312000000", "at +1767312000000"),
        ("audit/00000001.seg", "../audit/1.seg"), ("audit/00000001.seg", "/etc/passwd"),
        ("audit/00000001.seg", "audit//1.seg"), ("audit/00000001.seg", "audit/./1.seg"),
        ("rides%20may", "rides%2"), ("rides%20may", "rides%41may"), ("rides%20may", "rides%00may"),
        ("file log", "file hook"), ("riders 7", "riders 7 7"), ("riders 7\n", ""),
        ("lost 10", "lost  10"),
    ])
    func `what no program would write is refused, also with a right checksum`(
        _ change: (from: String, to: String)
    ) throws {
        let text = String(decoding: try block(0), as: UTF8.self)
        let changed = text.replacing(change.from, with: change.to, maxReplacements: 1)
        #expect(changed != text)
        var sealed = SealedText()
        for line in changed.split(separator: "\n").dropLast() { sealed.line(String(line)) }
        #expect(throws: BackupManifest.ReadError.damaged) { try BackupManifest(sealed.finished()) }
    }

    @Test func `a newer version is told by its name`() throws {
        let text = String(decoding: try block(0), as: UTF8.self)
        var sealed = SealedText()
        for line in text.split(separator: "\n").dropLast() {
            sealed.line(line == "tacho-backup v1" ? "tacho-backup v2" : String(line))
        }
        #expect(throws: BackupManifest.ReadError.otherVersion("tacho-backup v2")) {
            try BackupManifest(sealed.finished())
        }
    }

    @Test func `random manifests come back as they were`() throws {
        for seed in UInt64(1)...50 {
            var random = SeededGenerator(seed: seed)
            let manifest = Self.random(&random)
            #expect(try BackupManifest(manifest.encoded()) == manifest, "seed \(seed)")
        }
    }

    static func random(_ random: inout SeededGenerator) -> BackupManifest {
        func number() -> UInt64 {
            UInt64.random(in: 0...UInt64.max, using: &random)
                >> UInt64.random(in: 0...63, using: &random)
        }
        func hash() -> [UInt8] {
            (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        let roles = BackupManifest.Role.allCases
        var paths: Set<String> = []
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let letters = "ab %.é/-"
            let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                "f"
                    + String(
                        (0..<3).map { _ in
                            letters.filter { $0 != "/" }.randomElement(using: &random)!
                        })
            }
            paths.insert(parts.joined(separator: "/"))
        }
        return BackupManifest(
            engine: "00112233445566778899aabbccddeeff", generation: number() | 1,
            atMs: Int64(bitPattern: number()), group: number(), hash: number(),
            nextSequence: number(), points: number(), lost: number(), riders: number(),
            segments: number(), logEntries: number(),
            families: Family.allCases.map { FamilyFigures(family: $0.name) },
            files: paths.sorted().map { path in
                let role = roles.randomElement(using: &random)!
                return BackupManifest.File(
                    role: role, path: path, bytes: number(), sha256: hash(),
                    end: role == .table ? hash() : nil)
            })
    }
}
