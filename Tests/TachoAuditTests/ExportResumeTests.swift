import FormatSpec
import Foundation
import TachoCodec
import TachoGeo
import Testing

@testable import TachoAudit

/// Exports that are broken off, and the manifest of those that are not.
@Suite struct ExportResumeTests {
    /// Runs an export to `path`; gives its error.
    private func attempt(
        _ directory: TemporaryDirectory, _ format: ExportFormat, _ path: String,
        resuming: Bool, _ change: (inout ExportQuery) -> Void = { _ in }
    ) throws -> ExportError? {
        var query = ExportQuery()
        change(&query)
        do throws(ExportError) {
            let output = try ExportOutput(path: path, resuming: resuming)
            _ = try AuditExport.run(
                directory: directory.path, query: query, format: format, to: output)
            try output.complete()
            return nil
        } catch {
            return error
        }
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// A directory with a damaged block somewhere behind its first unit, and how it was before.
    private func damaged(
        _ seed: UInt64
    ) throws -> (directory: TemporaryDirectory, id: UInt64, good: [UInt8]) {
        let directory = try TestExport.directory(seed: seed, segments: 3, riders: 4, points: 6_000)
        var random = SeededRandom(seed: seed)
        let id = UInt64.random(in: 2...3, using: &random)
        let good = try directory.read(id)
        let reader = try SegmentReader(source: .memory(good))
        var bytes = good
        let block = Int.random(in: 0..<reader.amendmentBlocks.lowerBound, using: &random)
        bytes[Int(reader.index[block].offset) + 30] ^= 4
        try directory.write(bytes, as: id)
        return (directory, id, good)
    }

    @Test(arguments: ExportFormat.allCases, UInt64(1)...3)
    func `an export that was broken off is gone on with to the same bytes`(
        format: ExportFormat, seed: UInt64
    ) throws {
        let (directory, id, good) = try damaged(seed)
        let path = TestExport.path(in: directory)
        let error = try attempt(directory, format, path, resuming: false)
        #expect(error?.exit == .damage, "seed \(seed)")
        #expect(!exists(path) && exists(path + ".partial") && exists(path + ".partial.json"))
        let partial = try FileBytes.read(path + ".partial")
        // Broken off again, at the same place: nothing more is lost.
        #expect(try attempt(directory, format, path, resuming: true)?.exit == .damage)
        #expect(try FileBytes.read(path + ".partial") == partial)
        // What a kill may leave behind what counts is cut off.
        try FileBytes.write(partial + Array("torn".utf8), path + ".partial")
        try directory.write(good, as: id)
        // Sealed meanwhile: not part of the question.
        try TestExport.seal(seed: seed + 9, 4...4, in: directory)
        #expect(try attempt(directory, format, path, resuming: true) == nil)
        let whole = try TestExport.run(directory, format) { $0.asOf = 3 }
        #expect(try FileBytes.read(path) == whole.bytes, "seed \(seed)")
        #expect(!exists(path + ".partial") && !exists(path + ".partial.json"))
    }

    @Test func `pages and areas are gone on with too`() throws {
        let (directory, id, good) = try damaged(4)
        let path = TestExport.path(in: directory)
        let change: (inout ExportQuery) -> Void = { query in
            query.limit = 1_000_000
            query.recvMs = Sample.startMs...Int64.max
        }
        #expect(try attempt(directory, .csv, path, resuming: false, change) != nil)
        try directory.write(good, as: id)
        #expect(try attempt(directory, .csv, path, resuming: true, change) == nil)
        let whole = try TestExport.run(directory, .csv, change)
        #expect(try FileBytes.read(path) == whole.bytes)
    }

    /// Rider `a` is amended, so its block is read again, to be counted, when `c` is gone on with.
    @Test func `blocks that are only counted do not set an export back`() throws {
        let directory = try TemporaryDirectory()
        let many = 2 * SegmentFormat.blockCapacity
        var range = SampleRange(interval: Sample.interval(1...UInt64(many + 2)))
        range.delivered = [
            "a": [Sample.fix(1_000)], "b": (0..<many).map { Sample.fix(Int64($0) * 1_000) },
            "c": [Sample.fix(5_000)],
        ]
        let amendment = Amendment(
            rider: 0, tsMs: 1_000, ordinal: 0, sequence: 1,
            verdict: Verdict(codes: Code.replay.bit, effect: .flag), ruleSet: 3,
            cause: .candidateDecided)
        range.records = [("a", .amendment(amendment))]
        try range.seal(in: directory)
        let good = try directory.read(1)
        var bytes = good
        bytes[Int(try SegmentReader(source: .memory(good)).index[3].offset) + 30] ^= 1
        try directory.write(bytes, as: 1)
        let path = TestExport.path(in: directory)
        for isResumed in [false, true, true] {
            #expect(try attempt(directory, .csv, path, resuming: isResumed)?.exit == .damage)
        }
        try directory.write(good, as: 1)
        #expect(try attempt(directory, .csv, path, resuming: true) == nil)
        #expect(try FileBytes.read(path) == (try TestExport.run(directory)).bytes)
    }

    @Test func `a partial file of another question is refused and kept`() throws {
        let (directory, id, good) = try damaged(5)
        let path = TestExport.path(in: directory)
        _ = try attempt(directory, .csv, path, resuming: false)
        try directory.write(good, as: id)
        #expect(try attempt(directory, .ndjson, path, resuming: true)?.exit == .usage)
        let other = try attempt(directory, .csv, path, resuming: true) { $0.tsMs = 0 ... .max }
        #expect(other?.exit == .usage)
        #expect(exists(path + ".partial") && exists(path + ".partial.json"))
        #expect(try attempt(directory, .csv, path, resuming: true) == nil)
    }

    @Test func `a partial file shorter than its state is refused`() throws {
        let (directory, _, _) = try damaged(6)
        let path = TestExport.path(in: directory)
        _ = try attempt(directory, .csv, path, resuming: false)
        let bytes = try FileBytes.read(path + ".partial")
        try FileBytes.write(Array(bytes.dropLast()), path + ".partial")
        let error = try attempt(directory, .csv, path, resuming: true)
        #expect(error?.exit == .usage)
        #expect(error?.message.contains("without --resume") == true)
    }

    @Test func `a state that cannot be read begins the export anew`() throws {
        let (directory, id, good) = try damaged(7)
        let path = TestExport.path(in: directory)
        _ = try attempt(directory, .csv, path, resuming: false)
        let state = try FileBytes.read(path + ".partial.json")
        #expect(ExportState(state)?.text == String(decoding: state, as: UTF8.self))
        for count in 0..<state.count - 1 { #expect(ExportState(Array(state[..<count])) == nil) }
        try FileBytes.write(Array(state.dropLast(5)), path + ".partial.json")
        try directory.write(good, as: id)
        #expect(try attempt(directory, .csv, path, resuming: true) == nil)
        #expect(try FileBytes.read(path) == (try TestExport.run(directory)).bytes)
    }

    @Test func `without a row there is nothing to go on with`() throws {
        let directory = try TestExport.directory(seed: 8, segments: 1)
        var bytes = try directory.read(1)
        bytes[230] ^= 1
        try directory.write(bytes, as: 1)
        let path = TestExport.path(in: directory)
        #expect(try attempt(directory, .csv, path, resuming: false)?.exit == .damage)
        #expect(!exists(path + ".partial") && !exists(path + ".partial.json"))
    }

    @Test func `two exports do not write one file`() throws {
        let directory = try TestExport.directory(seed: 9, segments: 1)
        let path = TestExport.path(in: directory)
        let first = try ExportOutput(path: path)
        #expect(try attempt(directory, .csv, path, resuming: false)?.exit == .usage)
        #expect(exists(path + ".partial"))
        try first.complete()
    }

    @Test func `a full disk has its own message, and leaves no file`() throws {
        let directory = try TestExport.directory(seed: 10, segments: 1)
        let path = TestExport.path(in: directory)
        try FileManager.default.createSymbolicLink(
            atPath: path + ".partial", withDestinationPath: "/dev/full")
        let error = try attempt(directory, .csv, path, resuming: false)
        #expect(error?.exit == .inputOutput)
        #expect(
            error?.message
                == "write \(path).partial: No space left on device; nothing was exported; "
                + "make room and run again")
        #expect(!exists(path))
    }

    private func manifest(
        _ directory: TemporaryDirectory, _ path: String,
        _ change: (inout ExportQuery) throws -> Void = { _ in }
    ) throws -> (value: JSONValue, text: [UInt8]) {
        var query = ExportQuery()
        try change(&query)
        let output = try ExportOutput(path: path)
        var summary = try AuditExport.run(
            directory: directory.path, query: query, format: .csv, to: output)
        try summary.hashLastSegment()
        let manifest = ExportManifest(
            program: "test 1", format: .csv, query: query, summary: summary, output: output,
            checkpoint: ExportLog.checkpoint(of: directory.path))
        try output.complete(manifest: (path + ".manifest.json", manifest.text))
        let text = try FileBytes.read(path + ".manifest.json")
        return (try JSONValue.read(text), text)
    }

    @Test func `the manifest has the keys of the page, counts, times and hashes`() throws {
        let directory = try TestExport.directory(seed: 11)
        let path = TestExport.path(in: directory)
        let (value, _) = try manifest(directory, path) { query in
            query.area = try ExportArea(commaSeparated: "bbox,-90,-180,90,180.0")
            query.riders = nil
            query.recvMs = 0...Int64.max
        }
        let rows = try TestExport.run(directory).lines.dropFirst().map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        #expect(value["rows"]?.integer == Int64(rows.count))
        #expect(value["first_ts_ms"]?.integer == rows.map { Int64($0[1])! }.min())
        #expect(value["last_ts_ms"]?.integer == rows.map { Int64($0[1])! }.max())
        #expect(value["first_recv_ms"]?.integer == rows.map { Int64($0[8])! }.min())
        #expect(value["last_recv_ms"]?.integer == rows.map { Int64($0[8])! }.max())
        #expect(value["query"]?["area"]?.text == "BBOX,-90,-180,90,180")
        #expect(value["query"]?["recv_from_ms"]?.integer == 0)
        #expect(value["query"]?.members?.count == 2)
        let bytes = try FileBytes.read(path)
        #expect(value["output"]?["bytes"]?.integer == Int64(bytes.count))
        #expect(
            value["output"]?["sha256"]?.text
                == Digest.hex(bytes.withUnsafeBytes { Digest.of($0) }))
        #expect(value["cursor"] == .null && value["log"] == .null)
        let segments = try #require(value["segments"]?.elements)
        #expect(segments.count == 3)
        for (place, segment) in segments.enumerated() {
            let file = try directory.read(UInt64(place + 1))
            #expect(segment["bytes"]?.integer == Int64(file.count))
            #expect(
                segment["sha256"]?.text == Digest.hex(file.withUnsafeBytes { Digest.of($0) }))
        }
        let keys = try SpecPage(section: 11).rows("key | meaning").flatMap { cells in
            cells[0].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(value.members?.map(\.key) == keys)
    }

    @Test func `as of some segments the manifest stays, and a checkpoint is in it`() throws {
        let directory = try TestExport.directory(seed: 12)
        let before = try manifest(directory, directory.path + "/tmp/a.csv").text
        try TestExport.seal(seed: 99, 4...5, in: directory)
        let after = try manifest(directory, directory.path + "/tmp/a.csv") { $0.asOf = 3 }.text
        #expect(after == before)
        try directory.makeFolder("log")
        let checkpoint = "example.com/log\n5\nAAAA\n\n— example.com/log x\n"
        try FileBytes.write(Array(checkpoint.utf8), directory.path + "/log/checkpoint")
        let value = try manifest(directory, directory.path + "/tmp/a.csv").value
        #expect(value["log"]?["size"]?.integer == 5)
        #expect(value["log"]?["checkpoint"]?.text == checkpoint)
    }

    /// What `complete` says when its manifest cannot be written to `name`.
    private func withoutManifest(
        _ directory: TemporaryDirectory, _ path: String, manifest: String, resuming: Bool = false
    ) throws -> ExportError? {
        do throws(ExportError) {
            let output = try ExportOutput(path: path, resuming: resuming)
            _ = try AuditExport.run(
                directory: directory.path, query: ExportQuery(), format: .gpx, to: output)
            try output.complete(manifest: (manifest, "{}\n"))
            return nil
        } catch {
            return error
        }
    }

    @Test func `rows outlive a manifest that cannot be written`() throws {
        let directory = try TestExport.directory(seed: 14)
        let path = TestExport.path(in: directory)
        let error = try withoutManifest(directory, path, manifest: path + ".none/m.json")
        #expect(error?.exit == .inputOutput)
        #expect(error?.message.contains("with --resume to keep what is written") == true)
        #expect(!exists(path) && exists(path + ".partial") && exists(path + ".partial.json"))
        let manifest = path + ".json"
        let again = try withoutManifest(directory, path, manifest: manifest, resuming: true)
        #expect(again == nil && exists(manifest))
        #expect(try FileBytes.read(path) == (try TestExport.run(directory, .gpx)).bytes)
    }

    @Test func `rows outlive an output that is dropped before it is complete`() throws {
        let directory = try TestExport.directory(seed: 15)
        let path = TestExport.path(in: directory)
        func drop() throws {
            let output = try ExportOutput(path: path)
            _ = try AuditExport.run(
                directory: directory.path, query: ExportQuery(), format: .gpx, to: output)
        }
        try drop()
        #expect(exists(path + ".partial") && exists(path + ".partial.json"))
        #expect(try attempt(directory, .gpx, path, resuming: true) == nil)
        #expect(try FileBytes.read(path) == (try TestExport.run(directory, .gpx)).bytes)
    }

    @Test func `a folder in the place of the manifest or output is told before the name is given`()
        throws
    {
        let directory = try TestExport.directory(seed: 16, segments: 1)
        let path = TestExport.path(in: directory)
        let error = try withoutManifest(directory, path, manifest: directory.path)
        #expect(error?.message.contains("Is a directory; nothing was exported yet") == true)
        #expect(!exists(path) && exists(path + ".partial"))
        #expect(throws: ExportError.self) { _ = try ExportOutput(path: directory.path) }
        #expect(!exists(directory.path + ".partial"))
    }

    @Test func `a manifest that cannot be written leaves no export`() throws {
        let directory = try TestExport.directory(seed: 13, segments: 1)
        let path = TestExport.path(in: directory)
        let output = try ExportOutput(path: path)
        #expect(throws: ExportError.self) {
            try output.complete(manifest: ("/nonexistent-folder/m.json", "{}\n"))
        }
        #expect(!exists(path))
    }
}
