import Foundation
import FormatSpec
import NIOCore
import TachoGeo
import TachoWire
import Testing

@testable import TachoClient

/// Section 26 of `format-spec.md`: the files of a spool against the code.
struct SpoolSpecTests {
    private let page: SpecPage

    init() throws { page = try SpecPage(section: 26) }

    @Test func `offsets and sizes are those of the page`() throws {
        let tables = page.tables("offset")
        try #require(tables.count == 2)
        func offsets(_ table: SpecPage.Table) -> [String: Int] {
            Dictionary(
                table.rows.compactMap { row in Int(row[0]).map { (row[3], $0) } },
                uniquingKeysWith: { one, _ in one })
        }
        #expect(
            offsets(tables[0]) == [
                "magic": 0, "version": SpoolFormat.Header.version,
                "zero": SpoolFormat.Header.zero, "number": SpoolFormat.Header.number,
                "created_ms": SpoolFormat.Header.createdMs,
                "reserved": SpoolFormat.Header.reserved,
                "checksum": SpoolFormat.Header.checksum,
            ])
        #expect(
            offsets(tables[1]) == [
                "magic": 0, "length": SpoolFormat.Record.length,
                "accepted_ms": SpoolFormat.Record.acceptedMs,
                "checksum": SpoolFormat.Record.checksum, "batch": SpoolFormat.recordHeaderBytes,
            ])
        let last = try #require(tables[0].rows.last)
        #expect(Int(last[0])! + Int(last[1])! == SpoolFormat.headerBytes)
        #expect(page.text.contains("`\(SpoolFormat.fileName(7))`"))
    }

    @Test func `the example of the page is what is read and written`() throws {
        let bytes = page.hex()
        let content = try bytes.withUnsafeBytes { try SpoolContent.read($0, number: 7) }
        #expect(content.damagedBytes == 0 && content.end == bytes.count)
        #expect(content.records.map(\.points) == [1])
        let record = try #require(content.records.first)
        let payload = Array(bytes[record.offset..<record.offset + record.length])
        let row = try #require(rows(payload).first)
        #expect(
            row.rider == "r7" && row.fix.tsMs == 1_767_312_000_000 && row.fix.latE7 == 375_665_000)
        var written = SpoolFormat.header(number: 7, createdMs: 1_767_312_000_500)
        payload.withUnsafeBytes {
            written += SpoolFormat.recordHeader(payload: $0, acceptedMs: 1_767_312_000_600)
        }
        #expect(written + payload == bytes)
    }
}

/// Files that a spool might find.
struct SpoolContentTests {
    private static func payload(_ points: Int, from first: Int = 0) -> [UInt8] {
        var open = OpenBatch(seed: 1)
        _ = open.append(testFixes(points, from: first)[...], most: 1_000)
        return Array(open.take().readableBytesView)
    }

    /// Three records, and where each ends.
    private static func file() -> (bytes: [UInt8], ends: [Int]) {
        var bytes = SpoolFormat.header(number: 3, createdMs: 9)
        var ends: [Int] = []
        for (at, points) in [2, 1, 4].enumerated() {
            let payload = payload(points, from: at * 10)
            payload.withUnsafeBytes {
                bytes += SpoolFormat.recordHeader(payload: $0, acceptedMs: 10)
            }
            bytes += payload
            ends.append(bytes.count)
        }
        return (bytes, ends)
    }

    private static func read(_ bytes: [UInt8]) -> Result<SpoolContent, SpoolDefect> {
        bytes.withUnsafeBytes { SpoolContent.result($0, number: 3) }
    }

    @Test func `cut at every byte, it has the records that are whole`() throws {
        let (bytes, ends) = Self.file()
        for cut in 0..<bytes.count {
            switch Self.read(Array(bytes[..<cut])) {
            case .failure(let defect): #expect(cut < SpoolFormat.headerBytes, "\(cut): \(defect)")
            case .success(let content):
                let whole = ends.filter { $0 <= cut }.count
                #expect(content.records.count == whole, "cut at \(cut)")
                #expect(content.damagedBytes == 0, "cut at \(cut): a torn write is no damage")
            }
        }
    }

    @Test func `a flipped bit costs one record, or says that the header is damaged`() throws {
        let (bytes, ends) = Self.file()
        for at in bytes.indices {
            for bit in [0, 5] {
                var flipped = bytes
                flipped[at] ^= 1 << bit
                switch Self.read(flipped) {
                case .failure: #expect(at < SpoolFormat.headerBytes, "byte \(at)")
                case .success(let content):
                    #expect(at >= SpoolFormat.headerBytes, "byte \(at) of the header passes")
                    let hit = ends.firstIndex { at < $0 } ?? 0
                    var points = [2, 1, 4]
                    points.remove(at: hit)
                    #expect(content.records.map(\.points) == points, "byte \(at)")
                    #expect((content.damagedBytes > 0) == (hit < 2), "byte \(at)")
                }
            }
        }
    }

    @Test func `another kind of file is refused by name`() {
        func defect(_ bytes: [UInt8]) -> SpoolDefect? {
            if case .failure(let defect) = Self.read(bytes) { defect } else { nil }
        }
        let (bytes, _) = Self.file()
        #expect(defect([1, 2, 3]) == .tooShort)
        #expect(defect([UInt8](repeating: 0, count: 64)) == .empty)
        #expect(defect(Array("SQLite format 3, and a good deal more".utf8)) == .notASpool)
        var newer = bytes
        newer[4] = 1
        #expect(defect(newer) == .version(1))
        #expect(
            defect(SpoolFormat.header(number: 4, createdMs: 0)) == .otherNumber(4))
    }

    @Test func `names of files are numbers and nothing else`() {
        #expect(SpoolFormat.number(fileName: SpoolFormat.fileName(255)) == 255)
        #expect(SpoolFormat.number(fileName: SpoolFormat.fileName(.max)) == .max)
        for name in [
            "lock", "1.spool", "000000000000000G.spool", "00000000000000ff.spool.refused",
            "00000000000000FF.spool",
        ] {
            #expect(SpoolFormat.number(fileName: name) == nil, "\(name)")
        }
    }
}

/// The spool as its owner sees it.
struct SpoolTests {
    private static func batch(_ points: Int, from first: Int) -> Batch {
        var open = OpenBatch(seed: 1)
        _ = open.append(testFixes(points, from: first)[...], most: 1_000)
        return Batch(
            number: 0, count: points, payload: open.take(),
            parts: [Part(listener: .tickets(from: UInt64(first)), start: 0, count: points)],
            openedNs: 0)
    }

    private static func configuration(
        _ directory: String, _ change: (inout SpoolConfiguration) -> Void = { _ in }
    ) -> SpoolConfiguration {
        var configuration = SpoolConfiguration(directory: directory)
        configuration.segmentBytes = 1_000
        configuration.maxBytes = 8_000
        change(&configuration)
        return configuration
    }

    private static func files(_ directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    /// First times of the batches that come out, all settled.
    private static func drain(_ spool: Spool) -> [Int] {
        var firsts: [Int] = []
        while let batch = spool.next() {
            firsts.append(
                Int(rows(Array(batch.payload.readableBytesView))[0].fix.tsMs - testStartMs))
            if let place = batch.record { spool.settle(place, refusal: nil) }
        }
        return firsts
    }

    @Test(arguments: [0, 1_000])
    func `what is written comes back in the next life, once answered no more`(
        cached: Int
    ) async throws {
        try await withDirectory { directory in
            let configuration = Self.configuration(directory)
            do {
                let spool = try Spool.open(configuration, maxCachedPoints: cached)
                for at in 0..<6 {
                    #expect(spool.write([Self.batch(10, from: at * 10)]).accepted == 1)
                }
                // As by a kill: nothing is closed. The first two are answered.
                for _ in 0..<2 {
                    let batch = try #require(spool.next())
                    spool.settle(try #require(batch.record), refusal: nil)
                }
                #expect(spool.unsettledPoints == 40 && spool.pendingPoints == 40)
            }
            let spool = try Spool.open(configuration, maxCachedPoints: cached)
            let firsts = Self.drain(spool)
            #expect(firsts.suffix(4) == [20, 30, 40, 50])
            #expect(spool.unsettledPoints == 0)
            spool.close()
            #expect(Self.files(directory) == ["lock"])
        }
    }

    @Test func `newest first is newest first, over files and over lives`() async throws {
        try await withDirectory { directory in
            let configuration = Self.configuration(directory) { $0.order = .newestFirst }
            do {
                let spool = try Spool.open(configuration, maxCachedPoints: 0)
                for at in 0..<5 { _ = spool.write([Self.batch(10, from: at * 10)]) }
                #expect(
                    rows(Array(try #require(spool.next()).payload.readableBytesView))[0].fix.tsMs
                        == testStartMs + 40)
            }
            let spool = try Spool.open(configuration, maxCachedPoints: 0)
            _ = spool.write([Self.batch(10, from: 50)])
            #expect(Self.drain(spool) == [50, 40, 30, 20, 10, 0])
        }
    }

    @Test func `a directory has one client at a time`() async throws {
        try await withDirectory { directory in
            let configuration = Self.configuration(directory)
            let spool = try Spool.open(configuration, maxCachedPoints: 0)
            let error = #expect(throws: SpoolError.self) {
                try Spool.open(configuration, maxCachedPoints: 0)
            }
            #expect(error?.message.contains("in use by another client") == true)
            spool.close()
        }
    }

    @Test func `a full spool refuses, and says how full it is`() async throws {
        try await withDirectory { directory in
            let spool = try Spool.open(Self.configuration(directory), maxCachedPoints: 0)
            var accepted = 0
            var failure: String?
            while failure == nil {
                let result = spool.write([Self.batch(10, from: accepted * 10)])
                accepted += result.accepted
                failure = result.failure
            }
            #expect(failure?.contains("full") == true && spool.bytes <= 8_000 && accepted > 12)
            // Answered points make room again.
            for _ in 0..<accepted / 2 {
                spool.settle(try #require(spool.next()?.record), refusal: nil)
            }
            #expect(spool.write([Self.batch(10, from: 0)]).failure == nil)
        }
    }

    @Test func `or the oldest go, and it says how many those were`() async throws {
        try await withDirectory { directory in
            let configuration = Self.configuration(directory) { $0.whenFull = .dropOldest }
            let spool = try Spool.open(configuration, maxCachedPoints: 0)
            let out = { () -> SpoolPlace? in
                _ = spool.write([Self.batch(10, from: 0)])
                return spool.next()?.record
            }()
            for at in 1..<40 {
                #expect(spool.write([Self.batch(10, from: at * 10)]).failure == nil)
            }
            #expect(spool.bytes <= 8_000 && spool.droppedPoints > 0)
            let told = spool.takeEvents().reduce(0) {
                if case .spoolDropped(let points) = $1 { $0 + points } else { $0 }
            }
            #expect(told == spool.droppedPoints)
            // The answer to a batch whose file is gone.
            if let out { spool.settle(out, refusal: nil) }
            let left = Self.drain(spool)
            #expect(left.last == 390 && left.count * 10 + spool.droppedPoints == 400)
            #expect(spool.unsettledPoints == 0 && spool.pendingPoints == 0)
        }
    }

    @Test func `what the server refuses is kept under another name`() async throws {
        try await withDirectory { directory in
            let configuration = Self.configuration(directory)
            let spool = try Spool.open(configuration, maxCachedPoints: 0)
            _ = spool.write([Self.batch(10, from: 0)])
            spool.settle(try #require(spool.next()?.record), refusal: "NOPERM")
            spool.close()
            let kept = SpoolFormat.fileName(0) + ".refused"
            #expect(Self.files(directory) == [kept, "lock"])
            #expect(
                spool.takeEvents() == [.spoolKept(file: directory + "/" + kept, reason: "NOPERM")])
        }
    }

    @Test func `a damaged record costs itself, and its file is kept`() async throws {
        try await withDirectory { directory in
            let configuration = Self.configuration(directory) { $0.segmentBytes = 4_000 }
            let path = directory + "/" + SpoolFormat.fileName(0)
            do {
                let spool = try Spool.open(configuration, maxCachedPoints: 0)
                for at in 0..<3 { _ = spool.write([Self.batch(10, from: at * 10)]) }
            }
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[SpoolFormat.headerBytes + 100] ^= 4
            try bytes.write(to: URL(fileURLWithPath: path))
            let spool = try Spool.open(configuration, maxCachedPoints: 0)
            #expect(Self.drain(spool) == [10, 20])
            let events = spool.takeEvents()
            #expect(events.count == 2)
            #expect(FileManager.default.fileExists(atPath: path + ".damaged"))
        }
    }
}
