import Foundation
import Synchronization
import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore
import Testing

@testable import TachoEngine

/// Rule sets of an engine: what is taken, where it takes effect, what a restart finds.
@Suite(.serialized)
struct RulesTests {
    @Test func `a new directory has the program's own rules, and a change makes revision 2`() throws
    {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(rulesOptions(directory))
        #expect(engine.rules == RuleBook(settings: RuleSettings(), isStored: false))
        let set = try engine.setRules(change(("teleport_beyond_m", "500")))
        #expect(set.revision == 2 && set.thresholds.teleportBeyondM == 500)
        #expect(engine.rules == RuleBook(settings: set, isStored: true))
        try engine.close()
    }

    @Test func `what comes before a change is judged by the old set, what comes after by the new`()
        throws
    {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(rulesOptions(directory, workers: 3))
        try engine.add("r", fix(0, accuracyDm: 500))
        _ = try engine.setRules(change(("low_accuracy_m", "40")))
        try engine.add("r", fix(1, accuracyDm: 500))
        _ = try engine.setRules(change(("low_accuracy_m", "default")))
        try engine.add("r", fix(2, accuracyDm: 500))
        #expect(try engine.verdicts("r") == ["ok", "accept:LOWACC", "ok"])
        try engine.close()
    }

    @Test func `a set that cannot be taken leaves the old one, and says why`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(rulesOptions(directory))
        let set = try engine.setRules(change(("gap_m", "1000"), ("revision", "5")))
        let group = engine.figure("journal_group")
        for bad in [
            change(("gap_m", "-1")), change(("gap_mm", "1")), change(("gap_m", "x")),
            change(("gap_m", "2"), ("revision", "5")), change(("gap_m", "2"), ("revision", "4")),
            change(("gap_m", "2"), ("TELEPORT", "off")),
        ] {
            do throws(RulesError) {
                _ = try engine.setRules(bad)
                Issue.record("\(bad) was taken")
            } catch {
                guard case .invalid(let reason) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(error.description == reason.message && !reason.message.isEmpty)
            }
        }
        #expect(engine.rules.settings == set)
        #expect(engine.figure("journal_group") == group, "nothing was written")
        try engine.close()
        #expect(throws: RulesError.self) { try engine.setRules(change(("gap_m", "3"))) }
        let again = try Engine.open(rulesOptions(directory))
        #expect(again.rules == RuleBook(settings: set, isStored: true))
        again.abandon()
    }

    @Test func `of two who set the same revision one is refused`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(rulesOptions(directory, workers: 3))
        let taken = Mutex<[UInt64]>([])
        DispatchQueue.concurrentPerform(iterations: 40) { index in
            let revision = 2 + index / 4
            let one = change(("gap_m", String(1_000 + index)), ("revision", String(revision)))
            if let set = try? engine.setRules(one) {
                taken.withLock { $0.append(set.revision) }
            }
        }
        let revisions = taken.withLock { $0 }
        #expect(Set(revisions).count == revisions.count, "a revision was given twice")
        #expect(engine.rules.settings.revision == revisions.max())
        // Also in the journal they only ascend.
        let stored = try engine.groups().flatMap(\.events).compactMap { event -> UInt64? in
            guard case .rules(let image) = event else { return nil }
            return try RuleSettingsImage.read(image).revision
        }
        #expect(stored == stored.sorted() && stored.count == revisions.count)
        engine.abandon()
    }

    /// A verdict tells by which set it was made, a group's head says which: the two agree, whoever
    /// writes while the set changes.
    @Test func `no group holds a verdict of another set than its head says`() throws {
        let directory = TemporaryDirectory()
        var options = rulesOptions(directory, workers: 3)
        options.fault = .skipSync
        let engine = try Engine.open(options)
        let isDone = Atomic<Bool>(false)
        let written = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 5) { index in
            if index == 0 {
                for round in 0..<60 {
                    let limit = round % 2 == 0 ? "40" : "100"
                    _ = try! engine.setRules(change(("low_accuracy_m", limit)))
                    // However busy the machine is, each set judges some batches.
                    let enough = written.load(ordering: .relaxed) + 8
                    while written.load(ordering: .relaxed) < enough { usleep(200) }
                }
                isDone.store(true, ordering: .releasing)
            } else {
                var second = 0.0
                while !isDone.load(ordering: .acquiring) {
                    let fixes = (0..<20).map { rider in
                        ("rider-\(index)-\(rider)", fix(second, accuracyDm: 500))
                    }
                    _ = try! engine.append(batch(fixes))
                    written.add(1, ordering: .relaxed)
                    second += 1
                }
            }
        }
        var low = Thresholds()
        low.lowAccuracyDm = 400
        let hashes = [low.hash64: true, Thresholds().hash64: false]
        var seen = [true: 0, false: 0]
        for (header, events) in try engine.groups() {
            guard let isLow = hashes[header.thresholds] else {
                Issue.record("group \(header.group) was judged by rules nobody set")
                continue
            }
            let rules = events.count { if case .rules = $0 { true } else { false } }
            #expect(rules == 0 || header.points == 0)
            for case .fix(_, let stored, _) in events {
                #expect(stored.verdict.codes == (isLow ? Code.lowAccuracy.bit : 0))
                seen[isLow]! += 1
            }
        }
        #expect(seen[true]! > 100 && seen[false]! > 100)
        engine.abandon()
    }

    private struct End: Equatable {
        var book: RuleBook
        var stored: [String: [StoredFix]] = [:]
        var shown: [String: StoredFix] = [:]
        var windows: [String] = []

        init(_ engine: Engine) throws {
            book = engine.rules
            for rider in 0..<6 {
                stored["rider-\(rider)"] = try engine.all("rider-\(rider)")
                shown["rider-\(rider)"] = engine.shown("rider-\(rider)")
            }
            windows = try engine.alertsByReceipt()
                .map { "\($0.rider) \($0.tsMs) \($0.code.name) \($0.verdict.text) \($0.count)" }
                .sorted()
        }
    }

    /// Kills, restarts, checkpoints and seals between changes of the rules are as if they had not
    /// been: every verdict is that of the set which was in force when its fix came, and what rules
    /// remember is brought up to date by that one.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func `a killed engine goes on with the set that was in force`(seed: UInt64) throws {
        var deliveries = RandomDeliveries(seed: seed + 500)
        let directories = [TemporaryDirectory(), TemporaryDirectory()]
        // An array goes with its last use, and its directories with it.
        defer { withExtendedLifetime(directories) {} }
        func options(_ index: Int, _ random: inout SeededGenerator) -> EngineOptions {
            var options = rulesOptions(directories[index], workers: random.number(1...3))
            options.fault = .skipSync
            options.journalFileBytes = 64 << 10
            return options
        }
        let plain = try Engine.open(options(0, &deliveries.random))
        var engine = try Engine.open(options(1, &deliveries.random))
        for round in 0..<25 {
            let some = batch(deliveries.next(deliveries.random.number(1...80)))
            _ = try plain.append(some)
            _ = try engine.append(some)
            if deliveries.random.chance(30) {
                let change = randomChange(&deliveries.random)
                #expect(try plain.setRules(change) == engine.setRules(change))
            }
            switch deliveries.random.number(0...9) {
            case 0: engine.runBarrier(.checkpoint)
            case 1: _ = try engine.seal()
            case 2, 3, 4:
                engine.abandon()
                engine = try Engine.open(options(1, &deliveries.random))
            case 5:
                try engine.close()
                engine = try Engine.open(options(1, &deliveries.random))
            default: break
            }
            #expect(engine.rules == plain.rules, "seed \(seed), round \(round)")
        }
        let (one, two) = (try End(plain), try End(engine))
        for (rider, fixes) in one.stored {
            for (a, b) in zip(fixes, two.stored[rider]!) where a != b {
                Issue.record("seed \(seed), \(rider): \(b), without kills \(a)")
                break
            }
        }
        #expect(one == two, "seed \(seed)")
        plain.abandon()
        engine.abandon()
    }

    /// The power goes at some sync: what was answered is in force again, or a later set that was on
    /// its way; never a mixture, which the hash of the next group would show.
    @Test(arguments: 1...14)
    func `a power cut leaves the set that was answered, or the next`(cut: Int) throws {
        let directory = TemporaryDirectory()
        var options = rulesOptions(directory)
        options.journalFileBytes = 16 << 10
        options.rowTarget = { ForgetfulRows($0, cutAtSync: cut) }
        var engine = try Engine.open(options)
        var answered = RuleSettings()
        do {
            for index in 0..<30 {
                try engine.add("r", fix(Double(index) * 400))
                answered = try engine.setRules(change(("gap_m", String(1_000 + index))))
                if index % 5 == 4 { engine.runBarrier(.checkpoint) }
            }
        } catch {
            usleep(30_000)
        }
        usleep(100_000)
        engine.abandon()
        options.rowTarget = nil
        engine = try Engine.open(options)
        let found = engine.rules.settings
        #expect(found.revision == answered.revision || found.revision == answered.revision + 1)
        #expect(found.thresholds.gapM == Double(1_000 + found.revision - 2))
        try engine.add("r", fix(90_000))
        #expect(try engine.groups().last?.header.thresholds == found.thresholds.hash64)
        engine.abandon()
    }

    @Test func `rules asked for at the start are set once, and a stored set wins later`() throws {
        let directory = TemporaryDirectory()
        var options = rulesOptions(directory)
        options.judgesMotion = false
        var engine = try Engine.open(options)
        #expect(engine.rules.isStored && engine.rules.settings.revision == 2)
        #expect(engine.rules.settings.thresholds.off == RuleSet.deliveryOrderCodes)
        #expect(!engine.isOverruled(options))
        try engine.close()
        options.judgesMotion = true
        engine = try Engine.open(options)
        #expect(engine.rules.settings.revision == 2)
        #expect(engine.rules.settings.thresholds.off == RuleSet.deliveryOrderCodes)
        #expect(engine.isOverruled(options))
        _ = try engine.setRules(change(("off", "ZIGZAG")))
        engine.abandon()
        options.judgesMotion = false
        engine = try Engine.open(options)
        #expect(engine.rules.settings.revision == 3)
        #expect(engine.rules.settings.offCodes == [.zigzag])
        #expect(engine.isOverruled(options))
        _ = try engine.setRules(change(("off", "-")))
        engine.abandon()
        options.judgesMotion = true
        engine = try Engine.open(options)
        #expect(engine.rules.settings.revision == 4 && !engine.isOverruled(options))
        engine.abandon()
    }

    @Test func `an image is read back, and cut or changed bytes are refused or harmless`() throws {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<20 {
            let settings = try randomChange(&random).applied(to: RuleSettings(revision: 77))
            let image = RuleSettingsImage.bytes(settings)
            #expect(try RuleSettingsImage.read(image) == settings)
        }
        let image = RuleSettingsImage.bytes(RuleSettings())
        for count in 0..<image.count {
            #expect(throws: StoreError.self, "\(count) bytes") {
                try RuleSettingsImage.read(Array(image[..<count]))
            }
        }
        for _ in 0..<20_000 {
            var damaged = image
            damaged[random.number(0...image.count - 1)] = random.number(0...255)
            _ = try? RuleSettingsImage.read(damaged)
        }
    }

    /// A set with one number missing is of an older program, one too many of a newer.
    private func image(
        version: UInt8 = 0, ruleSet: UInt64 = UInt64(RuleSet.version), codes: UInt64? = nil,
        dropping: String? = nil, adding: String? = nil
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(version)
        writer.putVarint(ruleSet)
        writer.putVarint(4)
        writer.putVarint(0)
        writer.putVarint(codes ?? Code.allCases.reduce(0) { $0 | $1.bit })
        var rows = ThresholdTable.rows.map { ($0.name, $0.text(Thresholds())) }
        rows.removeAll { $0.0 == dropping }
        if let adding { rows.append((adding, "1")) }
        writer.putVarint(UInt64(rows.count))
        for (name, text) in rows {
            writer.putBlob(Array(name.utf8))
            writer.putBlob(Array(text.utf8))
        }
        return writer.bytes
    }

    private func opened(_ image: [UInt8]) throws -> RuleBook {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(rulesOptions(directory))
        try engine.add("r", fix(0))
        let row = RuleSetRow(sinceMs: testNowMs, image: image).bytes
        try engine.commitAndWait { .rows([(.meta, Keys.rules(group: 1), row)], $0) }
        try engine.close()
        let again = try Engine.open(rulesOptions(directory))
        defer { again.abandon() }
        return again.rules
    }

    @Test func `a set of an older program is taken, with what it lacks as by default`() throws {
        let known = Code.allCases.reduce(UInt64(0)) { $0 | $1.bit } & ~Code.zigzag.bit
        let book = try opened(image(codes: known, dropping: "gap_m"))
        #expect(book.settings == RuleSettings(revision: 4))
    }

    @Test(arguments: [0, 1, 2, 3])
    func `a set of a newer program is refused by name`(kind: Int) throws {
        let image =
            switch kind {
            case 0: image(version: 1)
            case 1: image(ruleSet: UInt64(RuleSet.version) + 1)
            case 2: image(codes: .max)
            default: image(adding: "warp_factor_m")
            }
        do {
            _ = try opened(image)
            Issue.record("it was opened")
        } catch let error as OpenError {
            #expect(error.code == .damaged)
            #expect(error.message.contains("of a newer program"), "\(error.message)")
        }
    }
}
