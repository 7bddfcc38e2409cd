import Foundation
import NIOCore
import TachoGeo
import TachoWire
import Testing

@testable import TachoClient

/// What a spool does when files are in its way, cannot be read, or take its room.
@Suite struct SpoolGuardTests {
    private static func batch(_ from: Int) -> Batch {
        var open = OpenBatch(seed: 1)
        _ = open.append(testFixes(10, from: from)[...], most: 1_000)
        return Batch(
            number: 0, count: 10, payload: open.take(),
            parts: [Part(listener: .tickets(from: UInt64(from)), start: 0, count: 10)],
            openedNs: 0)
    }

    private static func open(
        _ directory: String, _ change: (inout SpoolConfiguration) -> Void = { _ in }
    ) throws -> Spool {
        var configuration = SpoolConfiguration(directory: directory)
        configuration.segmentBytes = 1_000
        configuration.maxBytes = 100_000
        change(&configuration)
        return try Spool.open(configuration, maxCachedPoints: 0)
    }

    private static func files(_ directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    private static func first(_ batch: Batch) -> Int {
        Int(rows(Array(batch.payload.readableBytesView))[0].fix.tsMs - testStartMs)
    }

    private static func drain(_ spool: Spool) -> [Int] {
        var firsts: [Int] = []
        while let batch = spool.next() {
            firsts.append(first(batch))
            if let place = batch.record { spool.settle(place, refusal: nil) }
        }
        return firsts
    }

    /// Writes a batch and has the server refuse it.
    private static func refuse(_ spool: Spool, _ from: Int) throws {
        #expect(spool.write([batch(from)]).accepted == 1)
        spool.settle(try #require(spool.next()?.record), refusal: "NOPERM")
    }

    @Test func `a file that is kept is not written over by a later life`() async throws {
        try await withDirectory { directory in
            for life in 0..<3 {
                let spool = try Self.open(directory)
                try Self.refuse(spool, life * 10)
                spool.close()
            }
            let kept = (0..<3).map { SpoolFormat.fileName($0) + ".refused" }
            #expect(Self.files(directory) == kept + ["lock"])
        }
    }

    @Test func `a name that is taken is told, and nothing is lost`() async throws {
        try await withDirectory { directory in
            let spool = try Self.open(directory)
            let path = directory + "/" + SpoolFormat.fileName(0)
            try Data("mine".utf8).write(to: URL(fileURLWithPath: path + ".refused"))
            try Self.refuse(spool, 0)
            spool.close()
            let there = try Data(contentsOf: URL(fileURLWithPath: path + ".refused"))
            #expect(there == Data("mine".utf8) && FileManager.default.fileExists(atPath: path))
            guard case .spoolFailed(let reason)? = spool.takeEvents().last else {
                Issue.record("nothing was told")
                return
            }
            #expect(reason.contains("is there already"), "\(reason)")
        }
    }

    @Test func `files that are kept are bounded, the oldest go and are named`() async throws {
        try await withDirectory { directory in
            let size = 32 + 20 + Self.batch(0).payload.readableBytes
            func openBounded() throws -> Spool {
                try Self.open(directory) { $0.maxKeptBytes = Int64(2 * size + 50) }
            }
            for life in 0..<5 {
                let spool = try openBounded()
                try Self.refuse(spool, life * 10)
                spool.close()
                let removed = spool.takeEvents().count {
                    if case .spoolFailed(let reason) = $0 {
                        reason.contains("maxKeptBytes")
                    } else {
                        false
                    }
                }
                #expect(removed == (life < 2 ? 0 : 1), "life \(life)")
            }
            let kept = (3..<5).map { SpoolFormat.fileName($0) + ".refused" }
            #expect(Self.files(directory) == kept + ["lock"])
        }
    }

    @Test func `a file that cannot be read for a moment is waited for`() async throws {
        try await withDirectory { directory in
            let spool = try Self.open(directory)
            for at in 0..<5 { #expect(spool.write([Self.batch(at * 10)]).accepted == 1) }
            let path = directory + "/" + SpoolFormat.fileName(0)
            // Reading a directory fails, as a device does that does not answer.
            try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
            #expect(spool.next(nowNs: 1) == nil && spool.next(nowNs: 2) == nil)
            #expect(spool.unsettledPoints == 50 && spool.pendingPoints == 50)
            let dueNs = try #require(spool.readAgainNs)
            #expect(dueNs > 2)
            #expect(spool.takeEvents().count == 1 && spool.takeLosses().isEmpty)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
            let batch = try #require(spool.next(nowNs: dueNs))
            #expect(Self.first(batch) == 0 && spool.readAgainNs == nil)
            spool.settle(try #require(batch.record), refusal: nil)
            #expect(Self.drain(spool) == [10, 20, 30, 40])
            spool.close()
            #expect(Self.files(directory) == ["lock"])
        }
    }

    @Test func `a file that stays unreadable does not hold the others for ever`() async throws {
        try await withDirectory { directory in
            let spool = try Self.open(directory)
            for at in 0..<5 { #expect(spool.write([Self.batch(at * 10)]).accepted == 1) }
            let path = directory + "/" + SpoolFormat.fileName(0)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
            var nowNs: UInt64 = 1
            var batch: Batch?
            for _ in 0..<20 where batch == nil {
                batch = spool.next(nowNs: nowNs)
                nowNs = spool.readAgainNs ?? nowNs
            }
            // Of the second file; the first keeps its records.
            #expect(Self.first(try #require(batch)) == 30)
            #expect(spool.pendingPoints == 40 && spool.takeLosses().isEmpty)
        }
    }

    @Test func `a record damaged meanwhile costs itself, and is told of`() async throws {
        try await withDirectory { directory in
            let spool = try Self.open(directory)
            for at in 0..<3 { #expect(spool.write([Self.batch(at * 10)]).accepted == 1) }
            let path = directory + "/" + SpoolFormat.fileName(0)
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.seek(toOffset: UInt64(SpoolFormat.headerBytes + 100))
            try file.write(contentsOf: Data([0xFF, 0xFE, 0xFD]))
            try file.close()
            #expect(Self.drain(spool) == [10, 20])
            let losses = spool.takeLosses()
            #expect(losses.map(\.points) == [10] && losses.first?.mayBeStored == false)
            #expect(spool.unsettledPoints == 0)
            spool.close()
            #expect(
                Self.files(directory) == [SpoolFormat.fileName(0) + ".damaged", "lock"])
        }
    }

    @Test func `what is dropped from a full spool is told of, once each`() async throws {
        try await withDirectory { directory in
            let spool = try Self.open(directory) {
                $0.maxBytes = 8_000
                $0.whenFull = .dropOldest
            }
            for at in 0..<40 { #expect(spool.write([Self.batch(at * 10)]).failure == nil) }
            let losses = spool.takeLosses()
            let lost = losses.reduce(0) { $0 + $1.points }
            #expect(lost == spool.droppedPoints && lost > 0)
            #expect(losses.allSatisfy { $0.reason.contains("full") && !$0.mayBeStored })
            #expect(lost + Self.drain(spool).count * 10 == 400)
        }
    }

    @Test func `a spool in which nothing waits is not full`() async throws {
        try await withDirectory { directory in
            let spool = try Self.open(directory) {
                $0.segmentBytes = 4_000
                $0.maxBytes = 1_000
            }
            for round in 0..<6 {
                let result = spool.write([Self.batch(round * 10)])
                #expect(result.failure == nil, "round \(round)")
                spool.settle(try #require(spool.next()?.record), refusal: nil)
            }
            #expect(spool.bytes <= 1_000)
        }
    }

    @Test(arguments: ["", ".refused"])
    func `the last number there is is refused by name`(ending: String) async throws {
        try await withDirectory { directory in
            try SpoolFile.makeDirectory(directory)
            let path = directory + "/" + SpoolFormat.fileName(.max) + ending
            let header = SpoolFormat.header(number: .max, createdMs: 0)
            try Data(header).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: SpoolError.self) { try Self.open(directory) }
            #expect(error?.message.contains("move it away") == true)
        }
    }

    @Test func `or none is given when it would be the next`() async throws {
        try await withDirectory { directory in
            try SpoolFile.makeDirectory(directory)
            let number = UInt64.max - 1
            let path = directory + "/" + SpoolFormat.fileName(number) + ".damaged"
            try Data([1]).write(to: URL(fileURLWithPath: path))
            let spool = try Self.open(directory)
            let result = spool.write([Self.batch(0)])
            #expect(result.failure?.contains("another directory") == true)
        }
    }
}
