import Foundation
import Synchronization
import TachoGeo

@testable import TachoAudit

/// A directory that is deleted when the tests end. Not with its last reference: that may be gone
/// while a program still works in the directory.
final class TemporaryDirectory: Sendable {
    let path: String

    private static let all: Mutex<[String]> = {
        atexit {
            for path in TemporaryDirectory.all.withLock({ $0 }) {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
        return Mutex([])
    }()

    init() throws {
        let path = FileManager.default.temporaryDirectory.path + "/tacho-audit-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path + "/tmp", withIntermediateDirectories: true)
        Self.all.withLock { $0.append(path) }
        self.path = path
    }

    func segment(_ id: UInt64) -> String { path + "/" + AuditDirectory.fileName(id) }

    func read(_ id: UInt64) throws -> [UInt8] { try FileBytes.read(segment(id)) }

    func write(_ bytes: [UInt8], as id: UInt64) throws {
        try FileBytes.write(bytes, segment(id))
    }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: path + "/" + name, withIntermediateDirectories: false)
    }

    func remove(_ id: UInt64) throws { try FileManager.default.removeItem(atPath: segment(id)) }
}

enum FileBytes {
    static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func write(_ bytes: [UInt8], _ path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}

/// SplitMix64: the same numbers for the same seed, on every machine.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// What goes into a segment, in the order it was delivered.
struct SampleRange {
    var interval: SegmentInterval
    /// By name; each rider's fixes as they arrived.
    var delivered: [String: [StoredFix]] = [:]
    var records: [(rider: String, record: AuditRecord)] = []

    /// Fixes by (time, arrival), and the arrivals beside them.
    static func sorted(_ delivered: [StoredFix]) -> (fixes: [StoredFix], arrivals: [UInt32]) {
        let order = delivered.indices.sorted {
            (delivered[$0].fix.tsMs, $0) < (delivered[$1].fix.tsMs, $1)
        }
        return (order.map { delivered[$0] }, order.map { UInt32($0) })
    }

    var riders: [String] {
        delivered.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    @discardableResult
    func write(to path: String) throws -> SegmentSummary {
        var writer = try SegmentWriter(path: path, interval: interval)
        for rider in riders {
            let (fixes, arrivals) = Self.sorted(delivered[rider]!)
            try fixes.withUnsafeBufferPointer { fixes in
                try arrivals.withUnsafeBufferPointer {
                    try writer.add(rider: Array(rider.utf8), fixes: fixes, arrivals: $0)
                }
            }
        }
        for (rider, record) in records {
            switch record {
            case .amendment(let amendment):
                try writer.add(amendment: amendment, riderName: Array(rider.utf8))
            case .acceptedLoss(let lost, let ruleSet):
                try writer.add(acceptedLoss: lost, ruleSet: ruleSet)
            }
        }
        return try writer.finish()
    }

    func tally() throws -> SegmentSummary {
        var tally = try SegmentTally(interval: interval)
        for rider in riders {
            let (fixes, arrivals) = Self.sorted(delivered[rider]!)
            try fixes.withUnsafeBufferPointer { fixes in
                try arrivals.withUnsafeBufferPointer {
                    try tally.add(rider: Array(rider.utf8), fixes: fixes, arrivals: $0)
                }
            }
        }
        for (rider, record) in records {
            switch record {
            case .amendment(let amendment):
                try tally.add(amendment: amendment, riderName: Array(rider.utf8))
            case .acceptedLoss(let lost, let ruleSet):
                try tally.add(acceptedLoss: lost, ruleSet: ruleSet)
            }
        }
        return try tally.finish()
    }

    /// Seals into `directory` through the publication that the engine uses.
    @discardableResult
    func seal(in directory: TemporaryDirectory) throws -> SegmentSummary {
        let tmp = directory.path + "/tmp/\(interval.segmentID)"
        try write(to: tmp)
        return try SegmentStore.publish(
            tmp: tmp, directory: directory.path, id: interval.segmentID, expected: tally())
    }

    /// The bytes of the segment file.
    func bytes() throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        try write(to: directory.path + "/tmp/x")
        return try FileBytes.read(directory.path + "/tmp/x")
    }
}

enum Sample {
    static let startMs: Int64 = 1_750_000_000_000

    static func interval(
        _ sequences: ClosedRange<UInt64>, id: UInt64 = 1, previous: [UInt8]? = nil
    ) -> SegmentInterval {
        SegmentInterval(
            segmentID: id, partition: 7, firstSequence: sequences.lowerBound,
            lastSequence: sequences.upperBound,
            previousSHA256: previous
                ?? (id == 1 ? Digest.none : [UInt8](repeating: 0xAB, count: 32)), ruleSet: 3)
    }

    static func fix(
        _ tsMs: Int64, lat: Int32 = 375_000_000, lon: Int32 = 1_270_000_000, delaySteps: Int64 = 1,
        verdict: Verdict = Verdict(), provenance: Provenance = .live
    ) -> StoredFix {
        StoredFix(
            fix: Fix(tsMs: tsMs, latE7: lat, lonE7: lon), provenance: provenance, vehicle: .car,
            verdict: verdict, recvMs: tsMs + delaySteps * StoredFix.receiptStepMs,
            claimedRecvMs: provenance == .claimed ? tsMs + 777 : 0)
    }

    /// A rider's drive with late, equal-time, odd and empty-handed fixes.
    static func drive(_ count: Int, _ random: inout SeededRandom) -> [StoredFix] {
        var tsMs = startMs + Int64.random(in: 0..<100_000, using: &random)
        var lat = Int32.random(in: -800_000_000...800_000_000, using: &random)
        var lon = Int32.random(in: -1_700_000_000...1_700_000_000, using: &random)
        return (0..<count).map { _ in
            switch Int.random(in: 0..<20, using: &random) {
            case 0: tsMs -= Int64.random(in: 0...60_000, using: &random)
            case 1: break
            default: tsMs += Int64.random(in: 900...1_100, using: &random)
            }
            lat += Int32.random(in: -2_000...2_000, using: &random)
            lon += Int32.random(in: -2_000...2_000, using: &random)
            return anyFix(tsMs, lat, lon, &random)
        }
    }

    private static func anyFix(
        _ tsMs: Int64, _ lat: Int32, _ lon: Int32, _ random: inout SeededRandom
    ) -> StoredFix {
        func optional(_ range: ClosedRange<Int32>) -> Int32 {
            Int.random(in: 0..<10, using: &random) == 0
                ? Fix.absent : Int32.random(in: range, using: &random)
        }
        var fix = Sample.fix(
            tsMs, lat: lat, lon: lon, delaySteps: Int64.random(in: -3...40, using: &random),
            provenance: Provenance.allCases.randomElement(using: &random)!)
        fix.fix.speedCms = optional(0...100_000)
        fix.fix.headingCdeg = optional(0...35_999)
        fix.fix.accuracyDm = optional(0...1_000_000)
        fix.fix.altitudeDm = optional(-200_000...1_000_000)
        fix.fix.source = FixSource.allCases.randomElement(using: &random)!
        fix.vehicle = VehicleClass.allCases.randomElement(using: &random)!
        fix.verdict = verdict(&random)
        return fix
    }

    static func verdict(_ random: inout SeededRandom) -> Verdict {
        if Int.random(in: 0..<4, using: &random) > 0 { return Verdict(isTrusted: true) }
        return Verdict(
            codes: UInt64.random(in: 0..<1 << 31, using: &random),
            effect: Effect.allCases.randomElement(using: &random)!,
            isTrusted: Bool.random(using: &random))
    }

    /// A random range: riders, conflicts, amendments of own and other riders, an accepted loss.
    static func range(
        seed: UInt64, id: UInt64 = 1, first: UInt64 = 1, riders: Int = 4, points: Int = 300,
        lost: UInt64 = 5, previous: [UInt8]? = nil
    ) -> SampleRange {
        var random = SeededRandom(seed: seed)
        var delivered: [String: [StoredFix]] = [:]
        var total: UInt64 = 0
        for number in 0..<riders {
            let count = Int.random(in: 1...max(1, points), using: &random)
            delivered["rider-\(number * 7 % 10)-\(number)"] = drive(count, &random)
            total += UInt64(count)
        }
        let last = first + total + lost - 1
        var range = SampleRange(
            interval: interval(first...last, id: id, previous: previous), delivered: delivered)
        var sequence = first
        for rider in range.riders {
            let fix = range.delivered[rider]!.randomElement(using: &random)!
            range.records.append((rider, amendment(fix.fix.tsMs, 0, sequence, &random)))
            range.records.append(
                ("zz-only-amended", amendment(startMs, 2, sequence, &random)))
            sequence += 1
        }
        if lost > 0 {
            range.records.append(("", .acceptedLoss(last - lost + 1...last, ruleSet: 3)))
        }
        return range
    }

    static func amendment(
        _ tsMs: Int64, _ ordinal: UInt16, _ sequence: UInt64, _ random: inout SeededRandom
    ) -> AuditRecord {
        .amendment(
            Amendment(
                rider: 0, tsMs: tsMs, ordinal: ordinal, sequence: sequence,
                verdict: verdict(&random), ruleSet: 3, cause: .lateNeighbour))
    }
}
