import Foundation
import TachoAudit
import TachoGeo
import Testing

@testable import TachoEngine

/// A segment that is there already, against what the store has.
struct SegmentComparisonTests {
    /// What a range holds, in the order of segments.
    private struct Content {
        struct Rider {
            var name: String
            var fixes: [StoredFix]
            var arrivals: [UInt32]
        }

        var riders: [Rider] = []
        var loss: ClosedRange<UInt64>? = 9...10
        var amendments: [Amendment] = []

        init() {
            for name in ["a", "b"] {
                let fixes = (0..<4).map { second in
                    StoredFix(
                        fix: fix(Double(second)), provenance: .live, vehicle: .car,
                        verdict: Verdict(), recvMs: fix(Double(second)).tsMs, claimedRecvMs: 0)
                }
                riders.append(Rider(name: name, fixes: fixes, arrivals: [0, 1, 3, 2]))
            }
            amendments = [3, 12].map { sequence in
                Amendment(
                    rider: 0, tsMs: fix(1).tsMs, ordinal: 0, sequence: sequence,
                    verdict: Verdict(codes: 64, effect: .flag), ruleSet: 5,
                    cause: .lateNeighbour)
            }
        }

        func pour(into taker: inout some SegmentTaker & ~Copyable) throws {
            for rider in riders {
                try rider.fixes.withUnsafeBufferPointer { fixes in
                    try rider.arrivals.withUnsafeBufferPointer { arrivals in
                        try taker.add(
                            rider: Array(rider.name.utf8), fixes: fixes, arrivals: arrivals)
                    }
                }
            }
            if let first = amendments.first {
                try taker.add(amendment: first, riderName: Array("b".utf8))
            }
            if let loss { try taker.add(acceptedLoss: loss, ruleSet: 5) }
            for one in amendments.dropFirst() {
                try taker.add(amendment: one, riderName: Array("gone".utf8))
            }
        }
    }

    private func difference(_ change: (inout Content) -> Void) throws -> String? {
        let directory = TemporaryDirectory()
        let path = directory.path + "/1.seg"
        let interval = SegmentInterval(
            segmentID: 1, partition: 0, firstSequence: 3, lastSequence: 12,
            previousSHA256: [UInt8](repeating: 0, count: 32), ruleSet: 5)
        var writer = try SegmentWriter(path: path, interval: interval)
        try Content().pour(into: &writer)
        _ = try writer.finish()
        var comparison = SegmentComparison(try SegmentReader(path: path))
        var content = Content()
        change(&content)
        try content.pour(into: &comparison)
        return comparison.finish()
    }

    @Test func `the same is the same`() throws {
        #expect(try difference { _ in } == nil)
    }

    @Test func `every difference is told by what it is about`() throws {
        let changes: [(String, (inout Content) -> Void)] = [
            ("no fixes of rider aa", { $0.riders[1].name = "aa" }),
            (
                "no fixes of rider c",
                {
                    $0.riders.append($0.riders[1])
                    $0.riders[2].name = "c"
                }
            ),
            ("has fixes of rider b, the database has none", { $0.riders.removeLast() }),
            ("fixes of rider b are not", { $0.riders[1].fixes[2].fix.latE7 += 1 }),
            ("fixes of rider b are not", { $0.riders[1].fixes[3].recvMs += 64 }),
            ("fixes of rider a are not", { $0.riders[0].fixes[0].verdict.codes = 1 }),
            ("fixes of rider a are not", { $0.riders[0].arrivals = [0, 1, 2, 3] }),
            ("fixes of rider a are not", { $0.riders[0].fixes.removeLast() }),
            (
                "4 fixes of rider a, the database 5",
                {
                    $0.riders[0].fixes.append($0.riders[0].fixes[3])
                    $0.riders[0].arrivals.append(4)
                }
            ),
            ("amendment of sequence 3 for rider b", { $0.amendments[0].verdict.codes = 128 }),
            ("amendment of sequence 4 for rider b", { $0.amendments[0].sequence = 4 }),
            ("more amendments", { $0.amendments.removeLast() }),
            (
                "amendment of sequence 13",
                {
                    $0.amendments.append($0.amendments[1])
                    $0.amendments[2].sequence = 13
                }
            ),
            ("accepted loss of 9-11", { $0.loss = 9...11 }),
            ("amendment of sequence 12", { $0.loss = nil }),
        ]
        for (text, change) in changes {
            let found = try difference(change)
            #expect(found?.contains(text) == true, "\(text): \(found ?? "no difference")")
        }
    }
}
