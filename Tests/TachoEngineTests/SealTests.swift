import Foundation
import Synchronization
import TachoAudit
import TachoEngine
import TachoGeo
import Testing

@Suite(.serialized)
struct SealTests {
    /// Everything in the sealed segments of one directory: per rider the fixes in order of
    /// delivery, and the amendments.
    private struct Sealed {
        var delivered: [String: [StoredFix]] = [:]
        var amendments: [(String, Amendment)] = []

        init(_ audit: String) throws {
            for entry in try AuditDirectory.segments(at: audit) {
                let reader = try SegmentReader(path: entry.path)
                var buffer: [UInt8] = []
                for rider in 0..<reader.riderCount {
                    var fixes: [StoredFix] = []
                    var arrivals: [UInt32] = []
                    for block in reader.blocks(ofRider: rider) {
                        try reader.readFixes(
                            block: block, buffer: &buffer, fixes: &fixes, arrivals: &arrivals)
                    }
                    let name = String(decoding: reader.names.name(rider), as: UTF8.self)
                    delivered[name, default: []] += DeliveryOrder.rebuild(
                        fixes, arrivals: arrivals)
                }
                for block in reader.amendmentBlocks {
                    for case .amendment(let amendment) in try reader.readRecords(block: block) {
                        let name = reader.names.name(Int(amendment.rider))
                        amendments.append((String(decoding: name, as: UTF8.self), amendment))
                    }
                }
            }
        }
    }

    private func verify(_ audit: String) -> VerifySummary {
        Verifier.run(directory: audit, deep: true) { _ in }
    }

    /// Fixes of a few riders with late ones, jumps and conflicts, in order of delivery.
    private func deliveries(_ random: inout SeededGenerator, _ count: Int) -> [(String, Fix)] {
        (0..<count).map { index in
            var seconds = Double(index * 2)
            if Int.random(in: 0..<5, using: &random) == 0 {
                seconds -= Double(Int.random(in: 0..<600, using: &random))
            }
            let north = Int.random(in: 0..<15, using: &random) == 0 ? 8000.0 : seconds
            let rider = "rider-\(Int.random(in: 0..<4, using: &random))"
            return (rider, fix(seconds, north: north, accuracyDm: Int32(index % 3) * 600))
        }
    }

    @Test func `a stop breaks a seal off, and the next one writes what it would have`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.fault = .skipSync
        var engine = try Engine.open(options)
        for round in 0..<100 {
            let fixes = (0..<800).map { rider in
                ("rider-\(rider)", fix(Double(round * 3), north: Double(round * 20)))
            }
            _ = try engine.append(batch(fixes))
        }
        let result = Mutex<Result<[SealedRange], SealError>?>(nil)
        engine.seal { answer in result.withLock { $0 = answer } }
        let temporary = directory.path + "/data/audit/tmp"
        for _ in 0..<2_000 where !FileManager.default.fileExists(atPath: temporary) {
            usleep(500)
        }
        try engine.close()
        #expect(throws: SealError.stopped("")) { try result.withLock { $0 }?.get() }
        engine = try Engine.open(options)
        let sealed = try engine.seal()
        #expect(sealed.map(\.points) == [80_000])
        try engine.close()
        #expect(verify(directory.path + "/data/audit").exit == .verified)
    }

    @Test func `nothing pending seals nothing`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        #expect(try engine.seal() == [])
        try engine.add("r", fix(0))
        #expect(try engine.seal().map(\.points) == [1])
        #expect(try engine.seal() == [])
        try engine.close()
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func `delivery order is rebuilt from segments and judging it again gives the stored verdicts`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let directory = TemporaryDirectory()
        let options = testOptions(directory, workers: Int(seed % 3) + 1)
        var engine = try Engine.open(options)
        var expected: [String: [Fix]] = [:]
        var sealed = 0
        for round in 0..<4 {
            for (rider, fix) in deliveries(&random, 500) {
                if try engine.add(rider, fix) != [.duplicate] {
                    expected[rider, default: []].append(fix)
                    sealed += 1
                }
            }
            #expect(try engine.seal().count == 1, "seed \(seed)")
            if round == 1 {
                try engine.close()
                engine = try Engine.open(options)
            }
        }
        let audit = options.directory + "/audit"
        let summary = verify(audit)
        #expect(summary.exit == .verified, "seed \(seed)")
        #expect(summary.points == UInt64(sealed), "seed \(seed)")
        #expect(summary.segments == 4)

        let content = try Sealed(audit)
        #expect(content.delivered.mapValues { $0.map(\.fix) } == expected, "seed \(seed)")
        // An auditor's run: the rules again, in order of delivery, from the segments alone.
        var model = Model()
        for (rider, fixes) in content.delivered {
            for stored in fixes {
                _ = model.add(rider, stored.fix, nowMs: stored.recvMs)
                let again = model.decided(rider, stored.fix)
                #expect(again == stored.verdict, "seed \(seed), \(rider), \(stored.fix)")
            }
        }
        // What was amended ends where the model and the store end.
        for (rider, kept) in model.riders {
            let current = Dictionary(
                content.amendments.filter { $0.0 == rider }.map { ($0.1.tsMs, $0.1.verdict) },
                uniquingKeysWith: { $1 })
            for one in kept {
                if let verdict = current[one.fix.tsMs], one.base.effect < .quarantine,
                    kept.first(where: { $0.fix.tsMs == one.fix.tsMs })!.arrival == one.arrival
                {
                    #expect(verdict == one.verdict, "seed \(seed), \(rider), \(one.fix)")
                }
            }
            #expect(
                try engine.all(rider).map(\.verdict) == kept.map(\.verdict), "seed \(seed)")
        }
        try engine.close()
    }

    @Test func `sending everything again after sealing stores nothing`() throws {
        var random = SeededGenerator(seed: 11)
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        let fixes = deliveries(&random, 3000)
        _ = try engine.append(batch(fixes))
        let points = engine.figure("points")
        _ = try engine.seal()
        #expect(
            try engine.append(batch(fixes.shuffled(using: &random)))
                .allSatisfy { $0 == .duplicate })
        #expect(engine.figure("points") == points)
        #expect(try engine.seal() == [])
        try engine.close()
    }

    @Test func `an interrupted seal is finished with the same bytes after a restart`() throws {
        var random = SeededGenerator(seed: 12)
        let directory = TemporaryDirectory()
        var engine = try Engine.open(testOptions(directory))
        let fixes = deliveries(&random, 2000)
        _ = try engine.append(batch(fixes))
        let sealed = try engine.seal()
        try engine.close()
        // The twin got the same points, was killed, and finds what a seal cut short leaves: a
        // temporary file that means nothing.
        let twin = TemporaryDirectory()
        engine = try Engine.open(testOptions(twin))
        _ = try engine.append(batch(fixes))
        engine.abandon()
        let audit = twin.path + "/data/audit"
        try FileManager.default.createDirectory(
            atPath: audit + "/tmp", withIntermediateDirectories: true)
        try Data("half".utf8).write(to: URL(fileURLWithPath: audit + "/tmp/00000001.seg"))
        engine = try Engine.open(testOptions(twin))
        #expect(try engine.seal() == sealed)
        try engine.close()
        let names = try FileManager.default.contentsOfDirectory(atPath: audit)
        #expect(names.sorted() == ["00000001.seg", "log", "tmp"])
    }

    @Test func `a segment of that name with other content stops sealing`() throws {
        let directory = TemporaryDirectory()
        let options = testOptions(directory)
        let engine = try Engine.open(options)
        try engine.add("r", fix(0))
        let path = options.directory + "/audit/00000001.seg"
        try Data("not a segment".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: SealError.refused("")) { try engine.seal() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("not a segment".utf8))
        #expect(try engine.add("r", fix(1)) == [.stored])
        try engine.close()
    }

    @Test func `a range is cut and sealed by its number of points`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.rangePoints = 100
        let engine = try Engine.open(options)
        _ = try engine.append(batch((0..<150).map { ("r", fix(Double($0))) }))
        for _ in 0..<100 where engine.figure("ranges_sealed") == 0 { usleep(100_000) }
        #expect(engine.figure("ranges_sealed") == 1)
        #expect(engine.figure("sealed_through") == 150)
        try engine.close()
    }
}
