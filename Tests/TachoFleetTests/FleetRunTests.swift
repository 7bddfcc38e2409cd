import ScriptedServer
import Synchronization
import TachoClient
import TachoGeo
import Testing

@testable import TachoFleet

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct FleetRunTests {
    /// 7 riders, 11 fixes each.
    static let fixes = 77

    static func options(_ address: ServerAddress, ledger: LedgerFile?) -> FleetOptions {
        let plan = FleetPlan(
            riders: 7, seed: 5, riderPrefix: "c-", startMs: 1_700_000_000_000)
        var options = FleetOptions(
            plan: plan, address: address, rate: 0, seconds: 60, batch: 5)
        options.endMs = 1_700_000_000_000 + 11 * 3_000 - 1
        options.ledger = ledger
        options.window = 4
        return options
    }

    struct Result {
        var report: FleetReport
        var ledger: Ledger
    }

    /// Runs a fleet against a script, with a ledger.
    static func run(
        _ script: @escaping @Sendable (Int, [String]) -> ScriptedServer.Answer,
        _ change: (inout FleetOptions) -> Void = { _ in }
    ) throws -> Result {
        let server = try ScriptedServer.start(script)
        let path = "/tmp/tacho-ledger-\(getpid())-\(server.address.port)"
        defer { unlink(path) }
        var options = options(server.address, ledger: try LedgerFile(path: path))
        change(&options)
        let report = FleetRun(options, shouldStop: { false }).run()
        try server.stop()
        return Result(report: report, ledger: try Ledger(text: content(path)))
    }

    static func content(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(descriptor, &bytes, bytes.count)
        return Array(bytes[..<max(0, count)])
    }

    static func masks(_ words: [String], _ mask: Int = 0) -> String {
        let count = (words.count - 1) / 8
        return "*\(count)\r\n" + String(repeating: ":\(mask)\r\n", count: count)
    }

    /// The same fixes without a server.
    static var expected: [String] {
        var fleet = Fleet(options(ServerAddress(host: "x", port: 1), ledger: nil).plan)
        return (0..<fixes).map { _ in
            let (rider, fix) = fleet.next()
            return String(
                decoding: FixLine(rider: fleet.riderNames[rider], fix: fix).text, as: UTF8.self)
        }
    }

    @Test func `everything acknowledged is in the ledger as the server saw it`() throws {
        let seen = Mutex<[String]>([])
        let result = try Self.run { _, words in
            seen.withLock { seen in
                for at in stride(from: 1, to: words.count, by: 8) {
                    seen.append(words[at..<at + 7].joined(separator: " "))
                }
            }
            return .bytes(Self.masks(words, 4))
        }
        #expect(result.report.failure == nil)
        #expect(result.report.sent == Self.fixes)
        #expect(result.report.acknowledged == Self.fixes)
        #expect(result.report.flagged == Self.fixes)
        #expect(result.report.perSecond.reduce(0, +) == Self.fixes)
        #expect(result.report.latency.total == UInt64(Self.fixes))
        let sent = result.ledger.entries.map { $0.fields.joined(separator: " ") }
        // Compared as one value: a failure would print them all.
        let isAsMade = seen.withLock { $0 == Self.expected } && sent == Self.expected
        #expect(isAsMade, "\(sent.count) of \(Self.fixes) fixes, or other ones")
        #expect(result.ledger.entries.allSatisfy { $0.fate == .acknowledged(.flagged) })
    }

    @Test func `single sends a T.ADD for each fix with the fields it has`() throws {
        let lengths = Mutex<Set<Int>>([])
        let result = try Self.run(
            { _, words in
                lengths.withLock { _ = $0.insert(words.count) }
                guard words[0] == "T.ADD", !words.contains("-") else { return .hangUp }
                return .bytes(":1\r\n")
            }, { $0.form = .single })
        #expect(result.report.failure == nil)
        #expect(result.report.duplicate == Self.fixes)
        #expect(lengths.withLock { $0 }.isSubset(of: [9, 11]))
    }

    @Test func `packed sends a T.PUT and spreads its reply over the fixes`() throws {
        let result = try Self.run(
            { number, words in
                guard words[0] == "T.PUT", words.count == 2, words[1].hasPrefix("TPUT") else {
                    return .hangUp
                }
                if number == 2 { return .bytes("-TRYAGAIN 1 queue\r\n") }
                // Batches are of 5, the last of 2: rows are a byte of the header.
                let rows = Int(words[1].utf8.dropFirst(8).first ?? 0)
                let counts = [rows - 1, 1, 0, 0, 0, 0, 0].map { ":\($0)\r\n" }.joined()
                return .bytes("*2\r\n*7\r\n\(counts)*2\r\n:0\r\n:1\r\n")
            }, { $0.form = .packed })
        #expect(result.report.failure == nil)
        #expect(result.report.acknowledged == Self.fixes)
        #expect(result.report.refused > 0)
        #expect(result.report.duplicate == (Self.fixes + 4) / 5)
        let fates = result.ledger.entries.map(\.fate).filter { $0 != .refused }
        #expect(fates.count { $0 == .acknowledged(.duplicate) } == result.report.duplicate)
        #expect(fates.first == .acknowledged(.duplicate))
        #expect(fates.count == Self.fixes)
    }

    @Test func `refused fixes are sent again until they are stored`() throws {
        let result = try Self.run { number, words in
            [2, 3, 9].contains(number) || (16...18).contains(number)
                ? .bytes("-TRYAGAIN 1 queue\r\n") : .bytes(Self.masks(words))
        }
        #expect(result.report.failure == nil)
        #expect(result.report.acknowledged == Self.fixes)
        #expect(result.report.refused > 0)
        #expect(result.report.sent == Self.fixes + result.report.refused)
        #expect(Self.isStored(result.ledger))
        #expect(!result.ledger.entries.contains { $0.fate == .open })
    }

    /// Every fix of the plan is acknowledged under one number or another, and no other.
    static func isStored(_ ledger: Ledger) -> Bool {
        let stored = ledger.entries.filter { $0.fate == .acknowledged(.stored) }
        return Set(stored.map { $0.fields.joined(separator: " ") }) == Set(expected)
    }

    @Test func `a dead connection ends the run and the ledger says what is unanswered`() throws {
        let result = try Self.run { number, words in
            number == 6 ? .hangUp : .bytes(Self.masks(words))
        }
        #expect(result.report.failure?.status == ExitStatus.notReachable)
        #expect(result.report.acknowledged == 30)
        #expect(result.report.unanswered >= 5)
        #expect(result.report.sent == 30 + result.report.unanswered)
        #expect(result.ledger.entries.count == result.report.sent)
        #expect(
            result.ledger.entries.filter { $0.fate == .unanswered }.count
                == result.report.unanswered)
    }

    @Test func `with reconnect every fix is acknowledged in the end`() throws {
        let connections = Mutex(0)
        let result = try Self.run(
            { number, words in
                if number == 0 { connections.withLock { $0 += 1 } }
                let first = connections.withLock { $0 } == 1
                return first && number == 6 ? .hangUp : .bytes(Self.masks(words))
            }, { $0.reconnects = true })
        #expect(result.report.failure == nil)
        #expect(result.report.acknowledged == Self.fixes)
        #expect(connections.withLock { $0 } == 2)
        #expect(Self.isStored(result.ledger))
    }

    @Test func `a reply that answers something else ends the run`() throws {
        let result = try Self.run { number, words in
            .bytes(number == 3 ? "*1\r\n:0\r\n" : Self.masks(words))
        }
        #expect(result.report.failure?.status == ExitStatus.error)
    }

    @Test func `no server is not reachable`() throws {
        let server = try ScriptedServer.start { _, _ in .silence }
        try server.stop()
        let options = Self.options(server.address, ledger: nil)
        let report = FleetRun(options, shouldStop: { false }).run()
        #expect(report.failure?.status == ExitStatus.notReachable)
        #expect(report.sent == 0)
    }

    @Test func `at a rate the run sends rate times seconds and ends`() throws {
        let result = try Self.run(
            { _, words in .bytes(Self.masks(words)) },
            {
                $0.endMs = nil
                $0.rate = 500
                $0.seconds = 0.3
            })
        #expect(result.report.failure == nil)
        #expect(result.report.acknowledged == 150)
    }

    /// Answers T.PUT with nothing to say, by the number of rows in the header of the batch.
    static func packedAnswer(_ words: [[UInt8]]) -> ScriptedServer.Answer {
        guard words[0] == Array("T.PUT".utf8) else { return .bytes("+OK\r\n") }
        let rows = words[1][8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
        let zeros = String(repeating: ":0\r\n", count: 6)
        return .bytes("*2\r\n*7\r\n:\(rows)\r\n\(zeros)*0\r\n")
    }

    @Test(arguments: [false, true])
    func `by the library each fix is acknowledged under its number`(awaits: Bool) throws {
        let lost = Mutex(0)
        let server = try ScriptedServer.start(raw: { _, words in
            guard words[0] == Array("T.PUT".utf8) else { return .bytes("+OK\r\n") }
            let isFirst = lost.withLock { lost in
                lost += 1
                return lost == 1
            }
            return isFirst ? .hangUp : Self.packedAnswer(words)
        })
        let path = "/tmp/tacho-ledger-\(getpid())-\(server.address.port)"
        defer { unlink(path) }
        var options = Self.options(server.address, ledger: try LedgerFile(path: path))
        options.library = FleetLibraryOptions()
        options.library?.awaits = awaits
        let report = FleetRun(options, shouldStop: { false }).run()
        #expect(report.failure == nil)
        #expect(report.sent == Self.fixes && report.acknowledged == Self.fixes)
        #expect(try #require(report.resent) > 0 && report.spooled == nil)
        #expect(FleetText.json(report).contains(#""resent":"#))
        let ledger = try Ledger(text: Self.content(path))
        #expect(ledger.entries.count == Self.fixes)
        for entry in ledger.entries { #expect(entry.fate == .acknowledged(.stored)) }
        try server.stop()
    }

    @Test func `with a spool each fix is in it before it counts, and arrives`() throws {
        let server = try ScriptedServer.start(raw: { _, words in Self.packedAnswer(words) })
        let path = "/tmp/tacho-ledger-\(getpid())-\(server.address.port)"
        let spool = path + "-spool"
        defer {
            unlink(path)
            unlink(spool + "/lock")
            rmdir(spool)
        }
        var options = Self.options(server.address, ledger: try LedgerFile(path: path))
        options.library = FleetLibraryOptions()
        options.library?.spool = SpoolConfiguration(directory: spool)
        let report = FleetRun(options, shouldStop: { false }).run()
        #expect(report.failure == nil && report.leftInSpool == 0)
        #expect(report.spooled == Self.fixes && report.acknowledged == Self.fixes)
        let ledger = try Ledger(text: Self.content(path))
        for entry in ledger.entries { #expect(entry.fate == .spooled) }
        try server.stop()
    }

    @Test func `the result names what scripts read`() {
        var report = FleetReport()
        report.sent = 3
        report.acknowledged = 2
        report.perSecond = [2]
        report.seconds = 0.5
        report.latency.record(nanoseconds: 2_000_000, weight: 2)
        let json = FleetText.json(report)
        #expect(json.hasPrefix(#"{"sent":3,"acknowledged":2,"duplicate":0,"p50_ms":2.0"#))
        #expect(json.contains(#""points_per_second":4,"per_second":[2]}"#))
        #expect(FleetText.json(FleetReport()).contains(#""p50_ms":null,"p99_ms":null"#))
    }

    @Test func `a ledger that cannot be made or written is an error of its own`() throws {
        let none = #expect(throws: ToolFailure.self) { try LedgerFile(path: "/no/where/ledger") }
        #expect(none?.status == ExitStatus.cannotCreate)
        let full = try LedgerFile(path: "/dev/full")
        for _ in 0..<2 {
            let failure = #expect(throws: ToolFailure.self) { try full.append([65]) }
            #expect(failure?.status == ExitStatus.ioError)
        }
    }
}
