import TachoGeo
import Testing

@testable import TachoAudit

@Suite struct SegmentRoundTripTests {
    @Test(arguments: UInt64(1)...40)
    func `what is written is read back, field by field`(seed: UInt64) throws {
        let range = Sample.range(seed: seed)
        let reader = try SegmentReader(source: .memory(try range.bytes()))
        #expect(reader.header.interval == range.interval, "seed \(seed)")
        #expect(reader.riderCount == range.riders.count, "seed \(seed)")
        for (index, rider) in range.riders.enumerated() {
            #expect(reader.names.name(index) == Array(rider.utf8), "seed \(seed)")
            #expect(reader.names.indexWithPoints(Array(rider.utf8)) == index, "seed \(seed)")
            let (fixes, arrivals) = try Self.read(reader, rider: index)
            let expected = SampleRange.sorted(range.delivered[rider]!)
            #expect(fixes == expected.fixes, "seed \(seed)")
            #expect(arrivals == expected.arrivals, "seed \(seed)")
        }
        #expect(try Self.records(reader).map(\.rider) == range.records.map(\.rider))
        #expect(
            try Self.records(reader).map { Self.withoutRider($0.record) }
                == range.records.map { Self.withoutRider($0.record) }, "seed \(seed)")
    }

    @Test(arguments: UInt64(1)...20)
    func `the delivery order is rebuilt from arrivals`(seed: UInt64) throws {
        let range = Sample.range(seed: seed)
        let reader = try SegmentReader(source: .memory(try range.bytes()))
        for (index, rider) in range.riders.enumerated() {
            let (fixes, arrivals) = try Self.read(reader, rider: index)
            #expect(
                DeliveryOrder.rebuild(fixes, arrivals: arrivals) == range.delivered[rider]!,
                "seed \(seed)")
        }
    }

    @Test func `the same input gives the same bytes`() throws {
        let range = Sample.range(seed: 11)
        #expect(try range.bytes() == range.bytes())
    }

    @Test func `a tally finds the root and counts that the writer wrote`() throws {
        let range = Sample.range(seed: 12)
        let directory = try TemporaryDirectory()
        let written = try range.write(to: directory.path + "/tmp/1")
        let tally = try range.tally()
        #expect(tally.sha256.isEmpty)
        #expect(tally.agrees(with: written))
        let other = try Sample.range(seed: 13).tally()
        #expect(!other.agrees(with: written))
    }

    @Test func `a rider with more points than a block holds gets several blocks`() throws {
        var random = SeededRandom(seed: 5)
        let count = SegmentFormat.blockCapacity * 2 + 1
        let range = SampleRange(
            interval: Sample.interval(1...UInt64(count)),
            delivered: ["r": Sample.drive(count, &random)])
        let bytes = try range.bytes()
        let reader = try SegmentReader(source: .memory(bytes))
        #expect(reader.blocks(ofRider: 0) == 0..<3)
        let (fixes, arrivals) = try Self.read(reader, rider: 0)
        #expect(DeliveryOrder.rebuild(fixes, arrivals: arrivals) == range.delivered["r"]!)
        #expect(SegmentCheck.run(.memory(bytes), deep: true).findings == [])
    }

    @Test func `amendments beyond a block go into a further one`() throws {
        var random = SeededRandom(seed: 6)
        let count = SegmentFormat.blockCapacity + 3
        var range = SampleRange(
            interval: Sample.interval(1...UInt64(count)),
            delivered: ["r": Sample.drive(count, &random)])
        for sequence in 1...UInt64(count) {
            range.records.append(("r", Sample.amendment(Sample.startMs, 0, sequence, &random)))
        }
        let bytes = try range.bytes()
        let reader = try SegmentReader(source: .memory(bytes))
        #expect(reader.amendmentBlocks.count == 2)
        #expect(try Self.records(reader).count == count)
        #expect(SegmentCheck.run(.memory(bytes), deep: true).findings == [])
    }

    @Test func `fixes of one time keep the order in which they arrived`() throws {
        let fixes = (0..<184).map { Sample.fix(Sample.startMs, lat: Int32(184 - $0)) }
        let range = SampleRange(
            interval: Sample.interval(1...184), delivered: ["phone": fixes])
        let reader = try SegmentReader(source: .memory(try range.bytes()))
        let (read, arrivals) = try Self.read(reader, rider: 0)
        #expect(read == fixes)
        #expect(arrivals == (0..<184).map { UInt32($0) })
    }

    @Test func `a range of which every point was lost is a segment too`() throws {
        var range = SampleRange(interval: Sample.interval(1...9))
        range.records = [("", .acceptedLoss(1...9, ruleSet: 3))]
        let bytes = try range.bytes()
        let report = SegmentCheck.run(.memory(bytes), deep: true)
        #expect(report.findings == [])
        #expect(report.summary?.points == 0)
        #expect(report.summary?.lostPoints == 9)
    }

    @Test(arguments: UInt64(1)...20)
    func `a fresh segment is sound, deep or not`(seed: UInt64) throws {
        let bytes = try Sample.range(seed: seed).bytes()
        #expect(SegmentCheck.run(.memory(bytes), deep: true).findings == [], "seed \(seed)")
        #expect(SegmentCheck.run(.memory(bytes), deep: false).findings == [], "seed \(seed)")
    }

    static func read(
        _ reader: SegmentReader, rider: Int
    ) throws -> (fixes: [StoredFix], arrivals: [UInt32]) {
        var buffer: [UInt8] = []
        var fixes: [StoredFix] = []
        var arrivals: [UInt32] = []
        for block in reader.blocks(ofRider: rider) {
            try reader.readFixes(block: block, buffer: &buffer, fixes: &fixes, arrivals: &arrivals)
        }
        return (fixes, arrivals)
    }

    static func records(_ reader: SegmentReader) throws -> [(rider: String, record: AuditRecord)] {
        try reader.amendmentBlocks.flatMap { try reader.readRecords(block: $0) }.map { record in
            guard case .amendment(let amendment) = record else { return ("", record) }
            return (
                String(decoding: reader.names.name(Int(amendment.rider)), as: UTF8.self), record
            )
        }
    }

    /// The number of a rider means something else in each place.
    static func withoutRider(_ record: AuditRecord) -> AuditRecord {
        guard case .amendment(var amendment) = record else { return record }
        amendment.rider = 0
        return .amendment(amendment)
    }
}
