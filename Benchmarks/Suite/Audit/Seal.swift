import Foundation
import TachoAudit
import TachoEngine

#if canImport(Glibc)
    import Glibc
#endif

extension Benchmark {
    /// Sealing a range of everything that was ingested: all steps, so written, read back from the
    /// device, decoded and compared with a second pass over the store. Then verifying it, as an
    /// auditor does, and what a segment has beside the columns of its fixes.
    static let seal = Benchmark(
        name: "seal", about: "points a second sealed, memory for it, MB a second verified"
    ) { scale in
        let batches = FleetBatches(scale)
        let run = try IngestRun("seal", batches, scale) { $0.rangePoints = .max }
        try run.send(points: scale.points)
        let before = Memory.residentBytes
        Memory.forgetPeak()
        var points: UInt64 = 0
        let seconds = try Timing.seconds {
            for range in try run.engine.seal() { points += range.points }
        }
        let peak = Memory.peakBytes
        guard points == run.sent else {
            throw IngestError.pointsMissing(sent: run.sent, stored: Int(points))
        }
        try run.engine.close()
        let audit = run.dataPath + "/audit"
        func verify(deep: Bool) throws -> Double {
            for entry in try AuditDirectory.segments(at: audit) {
                try AuditFile(path: entry.path).dropCache()
            }
            var bytes: UInt64 = 0
            let seconds = Timing.seconds {
                bytes = Verifier.run(directory: audit, deep: deep) { _ in }.bytes
            }
            return Double(bytes) / seconds / 1e6
        }
        let (checked, decoded) = (try verify(deep: false), try verify(deep: true))
        let sizes = try SegmentSizes(audit)
        func figure(_ name: String, _ value: Double, _ unit: String) -> Measurement {
            Measurement(name, value, unit, n: run.sent, hash: sizes.blocks)
        }
        return [
            figure("seal", Double(points) / seconds, "points/s"),
            figure("seal_memory", Double(max(4_096, peak - before)) / 1e6, "MB"),
            figure("verify", checked, "MB/s"),
            figure("verify_deep", decoded, "MB/s"),
            figure("seal_bytes", Double(sizes.file) / Double(points), "B/point"),
            figure("seal_overhead", Double(sizes.beside) / Double(points), "B/point"),
        ]
    }
}

/// What of a directory's segments is columns, and what is beside them.
private struct SegmentSizes {
    var file: UInt64 = 0
    var beside: UInt64 = 0
    var blocks: UInt64 = 0

    init(_ audit: String) throws {
        for entry in try AuditDirectory.segments(at: audit) {
            let reader = try SegmentReader(path: entry.path)
            file += reader.header.fileBytes
            blocks += UInt64(reader.index.count)
            let payloads = reader.index.reduce(UInt64(0)) {
                $0 + UInt64($1.storedBytes) - UInt64(BlockLayout.byteCount)
            }
            beside += reader.header.fileBytes - payloads
        }
    }
}

/// What the process holds, by the system's count.
private enum Memory {
    static var residentBytes: Int { figure("VmRSS:") }
    static var peakBytes: Int { figure("VmHWM:") }

    /// From here on the peak is that of what follows (Linux: writing 5 to clear_refs).
    static func forgetPeak() {
        let descriptor = open("/proc/self/clear_refs", O_WRONLY)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = write(descriptor, "5", 1)
    }

    private static func figure(_ name: String) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let kib = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({
                Int($0)
            })
        else { return 0 }
        return kib << 10
    }
}
