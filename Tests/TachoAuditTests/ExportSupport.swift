import Foundation
import TachoCodec
import TachoGeo

@testable import TachoAudit

/// Exports of test directories.
enum TestExport {
    struct Outcome {
        var bytes: [UInt8]
        var summary: ExportSummary

        var text: String { String(decoding: bytes, as: UTF8.self) }
        /// Lines without the last line feed.
        var lines: [String] {
            text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .map(String.init)
        }
    }

    /// A path that nothing else uses.
    static func path(in directory: TemporaryDirectory) -> String {
        directory.path + "/tmp/export-\(UUID().uuidString)"
    }

    static func run(
        _ directory: TemporaryDirectory, _ format: ExportFormat = .csv, threads: Int = 2,
        _ change: (inout ExportQuery) throws -> Void = { _ in }
    ) throws -> Outcome {
        var query = ExportQuery()
        try change(&query)
        let path = path(in: directory)
        let output = try ExportOutput(path: path)
        let summary = try AuditExport.run(
            directory: directory.path, query: query, format: format, to: output, threads: threads)
        try output.complete()
        let bytes = try FileBytes.read(path)
        try FileManager.default.removeItem(atPath: path)
        return Outcome(bytes: bytes, summary: summary)
    }

    /// Sealed ranges of a seed, with conflicts, late fixes and amendments of own and older fixes.
    static func directory(
        seed: UInt64, segments: Int = 3, riders: Int = 3, points: Int = 300
    ) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try seal(seed: seed, 1...segments, riders: riders, points: points, in: directory)
        return directory
    }

    /// Adds segments with these ids; those before them must be there.
    static func seal(
        seed: UInt64, _ ids: ClosedRange<Int>, riders: Int = 3, points: Int = 300,
        in directory: TemporaryDirectory
    ) throws {
        var first: UInt64 = 1
        var previous = Digest.none
        if ids.lowerBound > 1 {
            let bytes = try directory.read(UInt64(ids.lowerBound - 1))
            previous = bytes.withUnsafeBytes { Digest.of($0) }
            first =
                try SegmentReader(source: .memory(bytes)).header.interval.lastSequence + 1
        }
        for id in ids {
            let range = Sample.range(
                seed: seed &* 1_000 &+ UInt64(id), id: UInt64(id), first: first, riders: riders,
                points: points, previous: previous)
            previous = try range.seal(in: directory).sha256
            first = range.interval.lastSequence + 1
        }
    }
}
