import TachoCodec
import TachoGeo
import TachoStore
import Testing

struct GroupTests {
    private let header = GroupHeader(
        ruleSet: 1, group: 12, firstSequence: 345, points: 2, alertFirstN: 3,
        commitMs: 1_767_225_600_123, thresholds: 0xABCD, previousHash: 77,
        thinning: 4)

    private static let events: [GroupEvent] = {
        let plain = StoredFix(
            fix: Fix(tsMs: 1_767_225_600_000, latE7: 375_665_000, lonE7: 1_269_780_000),
            provenance: .live, vehicle: .car, verdict: Verdict(isTrusted: true),
            recvMs: 1_767_225_600_064, claimedRecvMs: 0)
        var full = StoredFix(
            fix: Fix(
                tsMs: -5, latE7: -900_000_000, lonE7: 1_800_000_000, speedCms: 100_000,
                headingCdeg: 35_999, accuracyDm: 0, altitudeDm: -200_000, source: .mock),
            provenance: .claimed, vehicle: .any,
            verdict: Verdict(codes: .max, effect: .quarantine), recvMs: -5 - 640,
            claimedRecvMs: -123)
        full.verdict.isTrusted = false
        return [
            .rider(number: 0, name: Array("rider-7".utf8)),
            .fix(rider: 0, plain, FixRoute(toLateTail: false, entersChain: true)),
            .fix(rider: 300_000, full, FixRoute(toLateTail: true, entersChain: false)),
            .amend(
                rider: 0, tsMs: 1_767_225_600_000, ordinal: 2,
                verdict: Verdict(codes: 256, effect: .flag), cause: .candidateDecided),
            .chain(rider: 1, image: [1, 2, 3]),
            .alert(
                AlertHit(
                    rider: 9, tsMs: -1, atRecvMs: 5, code: 8, severity: 3,
                    verdict: Verdict(codes: 256, effect: .hold), windowStartMs: -1,
                    windowCount: 1, windowIsCritical: true, evidence: Array("{}".utf8))),
            .vehicle(rider: 4, .scooter), .cut(next: 9), .loss(first: 10, last: 20),
            .compared(proposal: 300),
            .checkpoint(from: 11), .rules(image: [0, 2, 7]),
            .review(
                AlertReview(
                    alertMs: .max, alertN: .max, step: 99, rider: .max, code: 30,
                    state: .appealRejected, atMs: -5, actor: Array("김".utf8),
                    note: Array("why".utf8))),
            .review(
                AlertReview(
                    alertMs: 0, alertN: 0, step: 0, rider: 0, code: 0, state: .acknowledged,
                    atMs: 0, actor: Array("kim".utf8), note: [])),
            .recurrence(CodeRecurrence(rider: 3, code: 30, newerMs: 5, olderMs: -5)),
            .recurrence(CodeRecurrence(rider: .max, code: 30, newerMs: .min, olderMs: nil)),
            .entries(orderN: 3, verdictN: 0),
            .order(.set([111], rider: [114], state: [115], tsMs: -3, by: [98])),
            .order(.end([111], tsMs: 1 << 46)),
            .verdicts(VerdictRuns.Run(count: 2, bytes: [2, 7, 0, 128, 8])),
        ]
    }()

    private func body() -> [UInt8] {
        var writer = ByteWriter()
        for event in Self.events { writer.putEvent(event) }
        return writer.bytes
    }

    private func read(_ body: [UInt8]) throws -> [GroupEvent] {
        try body.withUnsafeBytes { raw in
            var reader = GroupReader(raw)
            var list: [GroupEvent] = []
            while let event = try reader.next() { list.append(event) }
            return list
        }
    }

    @Test func `every kind of event reads back equal`() throws {
        #expect(try read(body()) == Self.events)
    }

    @Test func `events cut anywhere are refused or end early, never made up`() throws {
        let whole = body()
        for count in 0..<whole.count {
            guard let list = try? read(Array(whole[..<count])) else { continue }
            #expect(list == Array(Self.events.prefix(list.count)), "cut at \(count)")
            #expect(list.count < Self.events.count)
        }
    }

    @Test func `events with any byte changed never crash the reader`() {
        let whole = body()
        for index in whole.indices {
            for value in [UInt8(0), 0x7F, 0x80, 0xFF] {
                var bad = whole
                bad[index] = value
                _ = try? read(bad)
            }
        }
    }

    @Test func `a record reads back with its body and hash`() throws {
        let (bytes, hash) = header.record(body: body())
        try bytes.withUnsafeBytes { raw in
            let (read, readBody, readHash) = try GroupHeader.read(raw)
            #expect(read == header)
            #expect(Array(readBody) == body())
            #expect(readHash == hash)
        }
    }

    @Test func `a record with any bit turned or cut anywhere is refused`() {
        let (bytes, _) = header.record(body: [1, 2, 3])
        for bit in 0..<bytes.count * 8 {
            var bad = bytes
            bad[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: StoreError.damaged(""), "bit \(bit)") {
                try bad.withUnsafeBytes { _ = try GroupHeader.read($0) }
            }
        }
        for count in 0..<bytes.count {
            #expect(throws: StoreError.damaged("")) {
                try Array(bytes[..<count]).withUnsafeBytes { _ = try GroupHeader.read($0) }
            }
        }
    }

    @Test(arguments: [0, 16, 17, 255] as [UInt8])
    func `landmarks are thinned to one in 65,536 at most`(thinning: UInt8) throws {
        var other = header
        other.thinning = thinning
        let bytes = other.record(body: []).bytes
        try bytes.withUnsafeBytes { raw in
            if thinning <= GroupHeader.maxThinning {
                let read = try GroupHeader.read(raw)
                #expect(read.header.thinning == thinning)
            } else {
                #expect(throws: StoreError.damaged("")) { try GroupHeader.read(raw) }
            }
        }
    }

    @Test func `the hash depends on the groups before`() {
        var other = header
        other.previousHash += 1
        #expect(header.record(body: []).hash != other.record(body: []).hash)
    }
}
