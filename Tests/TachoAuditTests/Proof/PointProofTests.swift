import TachoGeo
import Testing

@testable import TachoAudit

@Suite struct PointProofTests {
    private static let key = LogSample.key()
    private static let sharedMs: Int64 = 1_767_225_605_000

    /// Two segments of riders `anna` and `bert`: anna has two fixes of one time in the first and a
    /// third in the second; the second amends the one in the middle.
    private static func directory() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        var first = SampleRange(interval: Sample.interval(1...6))
        let held = Verdict(codes: Code.candidate.bit, effect: .hold)
        first.delivered = [
            "anna": [
                Sample.fix(sharedMs - 1_000), Sample.fix(sharedMs),
                Sample.fix(sharedMs, lat: 375_000_100, verdict: held),
            ],
            "bert": [Sample.fix(sharedMs), Sample.fix(sharedMs + 1), Sample.fix(sharedMs + 2)],
        ]
        let summary = try first.seal(in: directory)
        var second = SampleRange(
            interval: Sample.interval(7...9, id: 2, previous: summary.sha256))
        second.delivered = [
            "anna": [Sample.fix(sharedMs, lat: 375_000_200)],
            "bert": [Sample.fix(sharedMs + 3), Sample.fix(sharedMs + 4)],
        ]
        let amendment = Amendment(
            rider: 0, tsMs: sharedMs, ordinal: 1, sequence: 8, verdict: Verdict(isTrusted: true),
            ruleSet: 3, cause: .candidateDecided)
        second.records = [("anna", .amendment(amendment))]
        try second.seal(in: directory)
        try LogSample.append(2, to: directory, by: key)
        return directory
    }

    private static func make(
        _ directory: TemporaryDirectory, _ rider: String = "anna", _ tsMs: Int64 = sharedMs
    ) throws -> PointProof {
        try PointProof.make(audit: directory.path, rider: Array(rider.utf8), tsMs: tsMs)
    }

    @Test func `a proof shows all fixes of the time with their verdicts`() throws {
        let proof = try Self.make(try Self.directory())
        #expect(proof.blocks.map(\.kind) == [.fixes, .fixes, .amendments])
        let read = try PointProof(parsing: proof.encoded())
        #expect(read == proof)
        let fixes = try ProofCheck.run(read, key: Self.key.verifier)
        #expect(fixes.segments == [1, 2])
        #expect(fixes.rows.count == 4)
        #expect(fixes.rows[1].hasSuffix(",ok,ok,1,0,1"))
        #expect(fixes.rows[2].hasSuffix(",hold:CANDIDATE,ok,1,0,2"))
        #expect(fixes.rows[3].hasSuffix(",ok,ok,2,0,0"))
        #expect(fixes.jsonRows[1].text.contains(#""verdict_at_seal":"hold:CANDIDATE""#))
        try fixes.check(rider: Array("anna".utf8), tsMs: Self.sharedMs)
        #expect(throws: ProofError(.other, "")) { try fixes.check(rider: [66], tsMs: nil) }
        #expect(throws: ProofError(.other, "")) { try fixes.check(rider: nil, tsMs: 1) }
    }

    /// The export of the same directory says the same of the same fixes.
    @Test func `the rows are those of an export`() throws {
        let directory = try Self.directory()
        var query = ExportQuery()
        query.tsMs = Self.sharedMs...Self.sharedMs
        query.riders = [Array("anna".utf8)]
        let path = directory.path + "/rows.csv"
        let output = try ExportOutput(path: path)
        _ = try AuditExport.run(directory: directory.path, query: query, to: output)
        try output.complete()
        let exported = String(decoding: try FileBytes.read(path), as: UTF8.self)
        let fixes = try ProofCheck.run(Self.make(directory), key: Self.key.verifier)
        #expect(exported.split(separator: "\n").map(String.init) == fixes.rows)
    }

    @Test func `every changed bit of a proof is found`() throws {
        let good = try Self.make(try Self.directory(), "bert").encoded()
        var missed: [Int] = []
        var random = SeededRandom(seed: 31)
        for place in good.indices {
            var bytes = good
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            guard let proof = try? PointProof(parsing: bytes),
                let fixes = try? ProofCheck.run(proof, key: Self.key.verifier),
                (try? fixes.check(rider: Array("bert".utf8), tsMs: Self.sharedMs)) != nil
            else { continue }
            missed.append(place)
        }
        #expect(missed == [], "seed 31")
    }

    @Test(arguments: [UInt64.max, UInt64.max - 100, 1 << 40])
    func `a block cannot lie where its segment does not reach`(offset: UInt64) throws {
        let text = String(
            decoding: try Self.make(try Self.directory(), "bert").encoded(), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("offset ") })
        let forged = text.replacing(line + "\n", with: "offset \(offset)\n", maxReplacements: 1)
        let proof = try PointProof(parsing: Array(forged.utf8))
        #expect(throws: ProofError(.content, "")) {
            try ProofCheck.run(proof, key: Self.key.verifier)
        }
    }

    @Test func `a proof says on how many amendments its verdicts rest`() throws {
        let whole = try Self.make(try Self.directory())
        let part = PointProof(
            rider: whole.rider, tsMs: whole.tsMs, rotations: [],
            blocks: whole.blocks.filter { $0.kind == .fixes })
        for (proof, count, verdict) in [(whole, 1, "ok"), (part, 0, "hold:CANDIDATE")] {
            let fixes = try ProofCheck.run(proof, key: Self.key.verifier)
            #expect(fixes.rows[2].hasSuffix(",hold:CANDIDATE,\(verdict),1,0,2"))
            #expect(fixes.line.contains("those of \(count) amendments in the proof: whether"))
            #expect(fixes.json.text.contains(#""amendments":\#(count),"shows_all":false"#))
            for row in fixes.jsonRows { #expect(row.text.contains(#""shows_all":false"#)) }
        }
    }

    @Test func `a proof cut anywhere is none`() throws {
        let good = try Self.make(try Self.directory()).encoded()
        for count in good.indices {
            guard let proof = try? PointProof(parsing: Array(good[..<count])) else { continue }
            // A cut between two blocks leaves a proof of less: that it proves, and no more.
            let fixes = try ProofCheck.run(proof, key: Self.key.verifier)
            #expect(fixes.rows.count < 4 || proof.blocks.count == 2, "cut to \(count) bytes")
        }
    }

    @Test func `another's block does not pass for the rider's`() throws {
        let directory = try Self.directory()
        let proof = try Self.make(directory, "bert")
        let forged = PointProof(
            rider: Array("anna".utf8), tsMs: Self.sharedMs, rotations: [], blocks: proof.blocks)
        #expect(throws: ProofError(.content, "")) {
            try ProofCheck.run(forged, key: Self.key.verifier)
        }
        let block = proof.blocks[0]
        let renamed = PointProof.Block(
            kind: block.kind, number: block.number, offset: block.offset,
            names: LeafNames.fixes(of: Array("anna".utf8)), stored: block.stored,
            path: block.path, entry: block.entry, log: block.log)
        #expect(throws: ProofError(.block, "")) {
            try ProofCheck.run(
                PointProof(
                    rider: Array("anna".utf8), tsMs: Self.sharedMs, rotations: [],
                    blocks: [renamed]),
                key: Self.key.verifier)
        }
    }

    @Test func `blocks come in order and once`() throws {
        let proof = try Self.make(try Self.directory())
        for blocks in [
            Array(proof.blocks.reversed()), [proof.blocks[0], proof.blocks[0]],
        ] {
            let forged = PointProof(
                rider: proof.rider, tsMs: proof.tsMs, rotations: [], blocks: blocks)
            #expect(throws: ProofError(.content, "")) {
                try ProofCheck.run(forged, key: Self.key.verifier)
            }
        }
    }

    @Test func `wrong keys, missing cosignatures and later versions have their own codes`() throws {
        let proof = try Self.make(try Self.directory())
        #expect(throws: ProofError(.wrongKey, "")) {
            try ProofCheck.run(proof, key: LogSample.key().verifier)
        }
        let witness = LogSample.key("witness.example/w", .witness).verifier
        #expect(throws: ProofError(.noCosignature, "")) {
            try ProofCheck.run(proof, key: Self.key.verifier, witnesses: [witness])
        }
        let text = String(decoding: proof.encoded(), as: UTF8.self)
        let later = text.replacing("tacho-proof v1", with: "tacho-proof v2")
        #expect(throws: ProofError(.unknownVersion, "")) {
            try PointProof(parsing: Array(later.utf8))
        }
        #expect(ProofError(.unknownVersion, "").exit == .unknownVersion)
        #expect(throws: ProofError(.format, "")) { try PointProof(parsing: Array("x\n".utf8)) }
    }

    @Test func `a proof follows the keys from the pinned one`() throws {
        let directory = try Self.directory()
        let next = LogSample.key()
        _ = try LogSigning.rotate(audit: directory.path, from: Self.key, to: next)
        let proof = try Self.make(directory)
        #expect(proof.rotations.count == 1)
        for key in [Self.key, next] {
            #expect(try ProofCheck.run(proof, key: key.verifier).signer == next.verifier)
        }
    }

    @Test func `what cannot be proved is refused with its reason`() throws {
        let directory = try Self.directory()
        #expect(throws: ProofError(.noFix, "")) { try Self.make(directory, "carl") }
        #expect(throws: ProofError(.noFix, "")) { try Self.make(directory, "anna", 5) }
        #expect(throws: ProofError(.directory, "")) {
            try Self.make(try LogSample.segments(1), "anna")
        }
        let old = try TemporaryDirectory()
        let golden = "/Tests/Fixtures/segments/v0/good/00000001.seg"
        let bytes = try FileBytes.read(GoldenSegmentTests.repository + golden)
        try old.write(bytes, as: 1)
        try LogSample.append(1, to: old, by: Self.key)
        let reader = try SegmentReader(source: .memory(bytes))
        let name = String(decoding: reader.names.name(0), as: UTF8.self)
        #expect(throws: ProofError(.oldFormat, "")) {
            try Self.make(old, name, reader.index[0].tsBounds.minMs)
        }
    }

    @Test func `a segment that is not the logged one proves nothing`() throws {
        let directory = try Self.directory()
        let other = try LogSample.segments(1, seed: 12)
        try directory.write(try other.read(1), as: 1)
        let reader = try SegmentReader(path: directory.segment(1))
        let name = String(decoding: reader.names.name(0), as: UTF8.self)
        let tsMs = reader.index[0].tsBounds.minMs
        // Its times are not those the entry states, so it is not even looked at.
        #expect(throws: ProofError(.noFix, "")) { try Self.make(directory, name, tsMs) }
        #expect(throws: ProofError(.noFix, "")) { try Self.make(directory, "carl", tsMs) }
    }
}
