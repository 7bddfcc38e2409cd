import Foundation
import TachoGeo
import TachoIngest
import Testing

/// The table of thresholds against the struct, the page and what people type.
struct RuleSettingsTests {
    private static let declared = Mirror(reflecting: Thresholds()).children
        .map { ($0.label ?? "", "\($0.value)") }

    /// A number that may be set and is another than `text`.
    private func other(_ row: ThresholdRow, than text: String) -> String {
        let bounds = [row.range.lowerBound, row.range.upperBound]
        let texts = bounds.map { $0 == $0.rounded() ? String(Int64($0)) : "\($0)" }
        return texts.first { $0 != text } ?? texts[0]
    }

    @Test func `every number that is declared has a row, in order`() throws {
        let names = Self.declared.map(\.0).filter { $0 != "off" }
        #expect(names.count == ThresholdTable.rows.count)
        for (row, declared) in zip(ThresholdTable.rows, names) {
            var limits = Thresholds()
            try row.set(other(row, than: row.text(limits)), in: &limits)
            let changed = zip(Mirror(reflecting: limits).children, Self.declared)
                .filter { "\($0.value)" != $1.1 }.map { $0.0.label ?? "" }
            #expect(changed == [declared], "\(row.name)")
        }
    }

    @Test func `names are distinct, in small letters, and end in their unit`() {
        let units: Set<String> = [
            "deg", "ms", "s", "m", "mps", "mps2", "fixes", "steps", "stretches", "ratio", "holds",
            "stops", "correlation", "likelihood", "reversals", "departures", "places", "cells",
        ]
        var seen: Set<String> = []
        for row in ThresholdTable.rows {
            #expect(seen.insert(row.name).inserted, "\(row.name)")
            #expect(row.name == row.name.lowercased())
            #expect(units.contains(String(row.name.split(separator: "_").last!)), "\(row.name)")
            #expect(!row.meaning.isEmpty && row.meaning.count < 80)
            #expect(Code.names.allSatisfy { $0?.lowercased() != row.name })
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a number is read back from its text as the same`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for row in ThresholdTable.rows {
            for _ in 0..<50 {
                var limits = Thresholds()
                let value = Double.random(in: row.range, using: &random)
                let text = row.allowed.hasPrefix("a whole") ? "\(Int64(value))" : "\(value)"
                guard (try? row.set(text, in: &limits)) != nil else { continue }
                var again = Thresholds()
                try row.set(row.text(limits), in: &again)
                #expect(again == limits, "seed \(seed): \(row.name) \(text) is \(row.text(limits))")
            }
            #expect(row.range.contains(Double(row.text(Thresholds()))!), "\(row.name): default")
        }
    }

    @Test func `the page lists every threshold with its default and bounds`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "Sources/rules.md"), encoding: .utf8)
        let lines = page.components(separatedBy: "\n")
        let start = try #require(lines.firstIndex { $0.hasPrefix("| threshold |") })
        let rows = lines[(start + 2)...].prefix { $0.hasPrefix("|") }
        let expected = ThresholdTable.rows.map { row in
            "| \(row.name) | \(row.text(Thresholds())) | \(row.allowed) | \(row.meaning) |"
        }
        #expect(Array(rows) == expected)
    }

    @Test func `changes are taken all together`() throws {
        let change = RuleChange([
            .init("teleport_beyond_m", "500"), .init("SPEED_CAR_MPS", "5e1"),
            .init("zigzag", "off"), .init("replay", "off"), .init("MOCK_FLAG", "off"),
            .init("null_island_deg", "0.02"),
        ])
        let next = try change.applied(to: RuleSettings())
        #expect(next.revision == 2)
        #expect(next.thresholds.teleportBeyondM == 500)
        #expect(next.thresholds.carMps == 50)
        #expect(next.thresholds.nullIslandE7 == 200_000)
        #expect(next.offCodes == [.mockFlag, .zigzag, .replay])
        let back = try RuleChange([
            .init("teleport_beyond_m", "default"), .init("speed_car_mps", "default"),
            .init("null_island_deg", "default"), .init("off", "-"),
        ]).applied(to: next)
        #expect(back == RuleSettings(revision: 3))
        let some = try RuleChange([.init("off", "COLOCATED,FLICKER")]).applied(to: back)
        #expect(some.offCodes == [.flicker, .colocated])
        #expect(some.thresholds.hash64 != back.thresholds.hash64)
    }

    @Test(arguments: [
        ("teleport_beyond_m", "-1", "out of range"), ("telport_beyond_m", "1", "no rule or"),
        ("teleport_beyond_m", "", "not a number"), ("teleport_beyond_m", "abc", "not a number"),
        ("teleport_beyond_m", "nan", "not a number"), ("teleport_beyond_m", "inf", "not a number"),
        ("teleport_beyond_m", "0x10", "not a number"), ("teleport_beyond_m", " 1", "not a number"),
        ("teleport_beyond_m", "1e999", "out of range"), ("speed_car_mps", "0", "out of range"),
        ("teleport_beyond_m", "100000.1", "out of range"),
        ("confirmation_fixes", "2.5", "not a number"), ("confirmation_fixes", "4", "out of range"),
        ("white_jitter_correlation", "0.1", "out of range"), ("flicker_tau_s", "0", "out of range"),
        ("ts_step_fixes", "256", "out of range"), ("hold_credit_ms", "-0.1", "out of range"),
        ("TELEPORT", "off", "cannot be switched off"), ("TS_FUTURE", "off", "cannot be switched"),
        ("ZIGZAG", "maybe", "on or off"), ("TS_OVERLAP", "on", "no rule or threshold"),
        ("off", "ZIGZAG,TELEPORT", "TELEPORT cannot"), ("off", "ZIGZAG,", "no code ''"),
        ("off", "NONSENSE", "no code 'NONSENSE'"), ("revision", "7", "not newer than 7"),
        ("revision", "6", "not newer than 7"), ("revision", "0", "not a number"),
        ("revision", "-1", "not a number"), ("revision", "99999999999999999999", "not a number"),
        ("rule_set", "1", "older than"), ("rule_set", "99", "newer than"),
        ("rule_set", "x", "not a number"), ("hash", "abc", "no rule or threshold"),
    ])
    func `what cannot be set is named and changes nothing`(
        name: String, value: String, message: String
    ) {
        let current = RuleSettings(revision: 7)
        let change = RuleChange([.init("gap_m", "5"), .init(name, value), .init("gap_mps", "5")])
        do throws(RuleSettingsError) {
            let next = try change.applied(to: current)
            Issue.record("\(name) \(value) was taken: \(next.revision)")
        } catch {
            #expect(error.message.contains(message), "\(error.message)")
            #expect(error.message.lowercased().contains(name.lowercased().prefix(3)))
            #expect(!error.message.contains("\n"))
        }
    }

    @Test func `a name given twice is refused`() {
        let change = RuleChange([.init("gap_m", "5"), .init("GAP_M", "6")])
        #expect(throws: RuleSettingsError.givenTwice("GAP_M")) {
            try change.applied(to: RuleSettings())
        }
    }

    @Test func `revisions only ascend`() throws {
        var settings = RuleSettings()
        settings = try RuleChange([.init("revision", "9")]).applied(to: settings)
        #expect(settings.revision == 9)
        settings = try RuleChange([.init("gap_m", "1")]).applied(to: settings)
        #expect(settings.revision == 10)
        settings.revision = RuleSettings.maxRevision
        #expect(throws: RuleSettingsError.noRevisionLeft) {
            try RuleChange([.init("gap_m", "1")]).applied(to: settings)
        }
    }
}
