import ScriptedServer
import Synchronization
import TachoClient
import TachoGeo
import TachoWire
import Testing

@testable import TachoTools

@Suite struct RemoteTargetTests {
    /// Every field at its ends and absent, from a seed.
    static func randomBatch(seed: UInt64, count: Int, claims: Bool) -> FixBatch {
        var state = seed
        func random(_ bound: UInt64) -> UInt64 {
            // Wrap-around is meant.
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        var batch = FixBatch()
        for index in 0..<count {
            var fix = Fix(
                tsMs: Int64(random(1 << 31)) * (index % 2 == 0 ? 65_536 : -65_535),
                latE7: Int32(random(1_800_000_001)) - 900_000_000,
                lonE7: Int32(Int64(random(1 << 31)) % 1_800_000_001 * (index % 3 == 0 ? -1 : 1)))
            if random(2) == 0 { fix.speedCms = Int32(random(100_001)) }
            if random(2) == 0 { fix.headingCdeg = Int32(random(36_000)) }
            if random(2) == 0 { fix.accuracyDm = Int32(random(1_000_001)) }
            if random(2) == 0 { fix.altitudeDm = Int32(random(1_200_001)) - 200_000 }
            fix.source = FixSource.allCases[Int(random(5))]
            let isClaimed = claims && random(3) > 0
            Array("라이더-\(random(4))".utf8).withUnsafeBytes { name in
                _ = batch.append(
                    rider: name, fix: fix, provenance: isClaimed ? .claimed : .history,
                    claimedRecvMs: isClaimed ? Int64(random(1 << 31)) : 0)
            }
        }
        return batch
    }

    /// What a server understands of an encoded batch.
    static func decoded(_ bytes: [UInt8]) -> (batch: FixBatch, command: Command?) {
        var parser = RequestParser()
        var batch = FixBatch()
        var command: Command?
        bytes.withUnsafeBytes { raw in
            guard case .request(bytes.count) = parser.next(raw.bytes) else { return }
            parser.withArguments(of: raw) { arguments in
                command = try? Command.parse(arguments)
                guard case .addMany(let tuples) = command else { return }
                FixReader.appendTuples(tuples, arguments, to: &batch)
            }
        }
        return (batch, command)
    }

    @Test(arguments: [false, true]) func `a batch means the same to the server`(claims: Bool) {
        for seed: UInt64 in 1...40 {
            let batch = Self.randomBatch(seed: seed, count: 200, claims: claims)
            var writer = RequestWriter()
            RemoteTarget.encode(batch, into: &writer)
            let (read, _) = Self.decoded(writer.bytes)
            #expect(read.count == batch.count, "seed \(seed)")
            for (sent, got) in zip(batch.entries, read.entries) {
                #expect(got.malformed == nil, "seed \(seed)")
                #expect(got.fix == sent.fix, "seed \(seed)")
                #expect(got.provenance == sent.provenance, "seed \(seed)")
                #expect(got.claimedRecvMs == sent.claimedRecvMs, "seed \(seed)")
                #expect(Self.name(got, read) == Self.name(sent, batch), "seed \(seed)")
            }
        }
    }

    static func name(_ entry: BatchEntry, _ batch: FixBatch) -> ArraySlice<UInt8> {
        batch.names[Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameCount)]
    }

    @Test(arguments: VehicleClass.allCases)
    func `the vehicle class travels with the batch`(vehicle: VehicleClass) {
        var batch = Self.randomBatch(seed: 3, count: 4, claims: false)
        batch.vehicle = vehicle
        var writer = RequestWriter()
        RemoteTarget.encode(batch, into: &writer)
        guard case .addMany(let tuples) = Self.decoded(writer.bytes).command else {
            Issue.record("no T.IMPORT")
            return
        }
        #expect(tuples.vehicle == vehicle)
        #expect(tuples.count == 4)
    }

    @Test func `the largest batch of an import is within the limits of a request`() {
        var batch = FixBatch()
        let name = [UInt8](repeating: 65, count: RiderName.maxBytes)
        let fix = Fix(
            tsMs: -(1 << 47) + 1, latE7: -899_999_999, lonE7: -1_799_999_999, speedCms: 99_999,
            headingCdeg: 35_999, accuracyDm: 999_999, altitudeDm: -199_999, source: .fused)
        let size = ImportOptions(files: [], rejected: .workingDirectory).batchFixes
        name.withUnsafeBytes { name in
            for index in 0..<size {
                var other = fix
                other.tsMs += Int64(index)
                batch.append(
                    rider: name, fix: other, provenance: .claimed, claimedRecvMs: -(1 << 46))
            }
        }
        batch.vehicle = .scooter
        var writer = RequestWriter()
        RemoteTarget.encode(batch, into: &writer)
        #expect(Self.decoded(writer.bytes).batch.count == size)
    }

    /// The server stays until the tests end: stopping it could refuse the connection just made.
    func target(
        _ script: @escaping @Sendable (Int, [String]) -> ScriptedServer.Answer
    ) throws -> RemoteTarget {
        try RemoteTarget(try ScriptedServer.start(script).address, patienceMs: 200)
    }

    @Test func `latest and track read the fields where they stand`() throws {
        let target = try target { _, words in
            switch words[0] {
            case "T.MGET":
                .bytes(
                    "*2\r\n*11\r\n:5\r\n$4\r\n37.5\r\n$5\r\n-12.5\r\n$3\r\n1.5\r\n$-1\r\n$1\r\n4\r\n"
                        + "$2\r\nok\r\n$-1\r\n$4\r\n14.2\r\n$3\r\ngps\r\n:64\r\n*-1\r\n")
            default:
                .bytes(
                    "*2\r\n*10\r\n:5\r\n$4\r\n37.5\r\n$5\r\n-12.5\r\n$-1\r\n$2\r\n90\r\n$-1\r\n"
                        + "$13\r\nflag:TELEPORT\r\n$-1\r\n$-1\r\n:-64\r\n$3\r\n5-0\r\n")
            }
        }
        let rows = try target.latest([Array("a".utf8), Array("b".utf8)])
        var fix = Fix(
            tsMs: 5, latE7: 375_000_000, lonE7: -125_000_000, speedCms: 150, accuracyDm: 40,
            altitudeDm: 142, source: .gps)
        #expect(rows == [FixRow(fix: fix, recvMs: 64, verdict: "ok"), nil])
        let page = try target.track(TrackRequest(rider: Array("a".utf8)), after: nil)
        fix = Fix(tsMs: 5, latE7: 375_000_000, lonE7: -125_000_000, headingCdeg: 9_000)
        #expect(page.rows == [FixRow(fix: fix, recvMs: -64, verdict: "flag:TELEPORT")])
        #expect(page.next == "5-0")
        target.close()
    }

    @Test func `a track asks for what was asked, page by page`() throws {
        let asked = Mutex<[[String]]>([])
        let target = try target { _, words in
            asked.withLock { $0.append(words) }
            return .bytes("*0\r\n")
        }
        _ = try target.track(
            TrackRequest(rider: Array("a".utf8), fromMs: -5, toMs: 7, filter: .flagged),
            after: "5-1")
        #expect(
            asked.withLock { $0 } == [
                [
                    "T.RANGE", "a", "-5", "7", "VERDICT", "flagged", "COUNT", "4096", "CURSOR",
                    "5-1",
                ]
            ])
        target.close()
    }

    @Test func `an empty track of an unknown rider is told from an empty selection`() throws {
        let target = try target { _, words in
            words[0] == "T.RANGE"
                ? .bytes("*0\r\n") : .bytes(words[1] == "known" ? "*1\r\n:1\r\n" : "*-1\r\n")
        }
        let known = try target.track(TrackRequest(rider: Array("known".utf8)), after: nil)
        #expect(known.isKnownRider)
        let unknown = try target.track(TrackRequest(rider: Array("x".utf8)), after: nil)
        #expect(!unknown.isKnownRider)
        target.close()
    }

    @Test func `alerts, seals and statistics are read`() throws {
        @Sendable func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
        let pairs = [
            "rider", "r", "ts_ms", "-7", "at_recv_ms", "9", "code", "TELEPORT", "severity", "crit",
            "verdict", "hold:TELEPORT", "count", "3", "evidence", #"{"d_m":5}"#,
        ].map(bulk).joined()
        let target = try target { _, words in
            switch words[0] {
            case "T.ALERTS":
                words.contains("CURSOR")
                    ? .bytes("*1\r\n*16\r\n\(pairs)") : .bytes("*2\r\n*16\r\n\(pairs)$1\r\n1\r\n")
            case "T.RETIRE":
                .bytes("*2\r\n*1\r\n*3\r\n:2\r\n:9\r\n:40\r\n*1\r\n*2\r\n:3\r\n$2\r\nno\r\n")
            case "T.SEAL" where words.count == 3:
                .bytes(
                    "*12\r\n" + bulk("segment") + ":2\r\n" + bulk("rebuilt") + ":1\r\n"
                        + bulk("points") + ":9\r\n" + bulk("sha256") + bulk("ab01")
                        + bulk("damage") + bulk("it is not there") + bulk("kept") + "$-1\r\n")
            case "T.SEAL": .bytes("*1\r\n*3\r\n:2\r\n:1892\r\n$4\r\nab01\r\n")
            default: .bytes("*4\r\n$6\r\npoints\r\n:5\r\n$1\r\nx\r\n$4\r\n6.50\r\n")
            }
        }
        let first = try target.alerts(after: nil)
        let expected = AlertRow(
            rider: "r", tsMs: -7, atRecvMs: 9, code: "TELEPORT", severity: "crit",
            verdict: "hold:TELEPORT", count: 3, evidence: #"{"d_m":5}"#)
        #expect(first.rows == [expected])
        #expect(first.next == "1")
        #expect(try target.alerts(after: first.next).next == nil)
        #expect(
            String(decoding: Reports.json(expected), as: UTF8.self)
                == #"{"rider":"r","ts_ms":-7,"at_recv_ms":9,"code":"TELEPORT","severity":"crit","#
                + #""verdict":"hold:TELEPORT","count":3,"evidence":{"d_m":5}}"#)
        #expect(try target.seal() == [SealRow(segment: 2, points: 1_892, sha256: "ab01")])
        #expect(
            try target.rebuild(segment: 2)
                == RebuildRow(
                    segment: 2, points: 9, sha256: "ab01", damage: "it is not there", kept: nil))
        #expect(
            try target.retire(hotDays: 0.5, copies: [])
                == RetiredRows(
                    retired: [RetiredRow(segment: 2, points: 9, bytes: 40)],
                    kept: [KeptRow(segment: 3, reason: "no")]))
        #expect(throws: ToolFailure.self) { try target.retire(hotDays: nil, copies: ["x"]) }
        #expect(
            try target.stats()
                == [StatRow(name: "points", value: "5"), StatRow(name: "x", value: "6.5")])
        target.close()
    }

    @Test(arguments: ["+OK\r\n", ":5\r\n", "*1\r\n:7\r\n", "*2\r\n$1\r\na\r\n:1\r\n", "$-1\r\n"])
    func `a reply of another shape is refused, not guessed`(reply: String) throws {
        let target = try target { _, _ in .bytes(reply) }
        let request = TrackRequest(rider: [65])
        #expect(throws: ToolFailure.self) { try target.latest([[65], [66]]) }
        #expect(throws: ToolFailure.self) { try target.track(request, after: "1-0") }
        #expect(throws: ToolFailure.self) { try target.retire(hotDays: 1, copies: []) }
        if !reply.hasPrefix("*2") {
            #expect(throws: ToolFailure.self) { try target.stats() }
        }
        #expect(throws: ToolFailure.self) { try target.seal() }
        #expect(throws: ToolFailure.self) { try target.rebuild(segment: 1) }
        let batch = Self.randomBatch(seed: 1, count: 3, claims: false)
        guard case .failure(.failed(let failure)) = target.store(batch).wait() else {
            Issue.record("masks out of \(reply)")
            return
        }
        #expect(failure.status == ExitStatus.notReachable)
        target.close()
    }

    @Test func `overload is waited out, and then keeps its time and reason`() throws {
        let target = try target { _, words in
            words[0] == "T.IMPORT" ? .bytes("-TRYAGAIN 30 low disk\r\n") : .bytes("+OK\r\n")
        }
        let batch = Self.randomBatch(seed: 1, count: 3, claims: false)
        #expect(
            target.store(batch).wait() == .failure(.tryAgain(afterMs: 30, reason: "low disk")))
        target.close()
    }

    @Test func `a lost connection is made again, and without a server it is not reachable`() throws
    {
        let sent = Mutex(0)
        let target = try target { _, words in
            guard words[0] == "T.IMPORT" else { return .bytes("+OK\r\n") }
            let number = sent.withLock { sent in
                sent += 1
                return sent
            }
            return number == 2 ? .bytes("*3\r\n:0\r\n:1\r\n:0\r\n") : .hangUp
        }
        let batch = Self.randomBatch(seed: 1, count: 3, claims: false)
        #expect(target.store(batch).wait() == .success([.stored, .duplicate, .stored]))
        guard case .failure(.failed(let failure)) = target.store(batch).wait() else {
            Issue.record("an answer without a server")
            return
        }
        #expect(failure.status == ExitStatus.notReachable)
        target.close()
    }

    @Test func `a refusal is told in the server's words`() throws {
        let target = try target { _, words in
            words[0] == "T.IMPORT" ? .bytes("-NOPERM no rights\r\n") : .bytes("+OK\r\n")
        }
        let batch = Self.randomBatch(seed: 1, count: 3, claims: false)
        guard case .failure(.failed(let failure)) = target.store(batch).wait() else {
            Issue.record("stored")
            return
        }
        #expect(failure.message.contains("NOPERM no rights"))
        target.close()
    }
}
