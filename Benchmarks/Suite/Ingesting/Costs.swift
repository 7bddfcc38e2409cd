import Glibc
import TachoEngine
import TachoGeo

// What ingest costs beside time: bytes to the device, and memory.

extension Benchmark {
    /// Bytes a point that reach the device in one run of ingest and a clean stop. Four times as long
    /// as other runs: the zeros that make the journal's files are written once in a server's life.
    ///
    /// `device` is what the kernel counts for this process; the parts are RocksDB's own count,
    /// rounded by it, and files that are written past it: groups of the journal, padding included,
    /// and the zeros its files were filled with. What wrote nothing is left out.
    static let bytesWritten = Benchmark(
        name: "bytes_written", about: "device bytes a point, by what writes them", isSweep: true
    ) { scale in
        let batches = FleetBatches(scale)
        let run = try IngestRun("written", batches, scale)
        let before = ProcessFigures.writtenBytes
        let (journal, room) = try sendWatchingJournal(run, points: scale.points * 4)
        let hash = try run.hash()
        _ = try run.engine.seal()
        let storage = run.engine.storage
        let sealed = run.engine.figure("bytes_sealed")
        let hot = run.engine.figure("bytes_hot")
        try run.engine.close()
        let device = ProcessFigures.writtenBytes - before
        let points = Double(run.sent)
        func figure(_ name: String, _ bytes: UInt64) -> Measurement {
            Measurement(
                "written_\(name)", Double(bytes) / points, "B/point", n: run.sent,
                hash: name == "device" ? hash : 0)
        }
        var others: UInt64 = 0
        for (family, bytes) in storage.flushBytes
        where !["track", "geo"].contains(family) {
            others += bytes
        }
        return [
            figure("device", device), figure("hot", UInt64(hot)),
            figure("journal", UInt64(journal * points)), figure("journal_room", UInt64(room)),
            figure("log", storage.logBytes),
            figure("chunk_flush", storage.flushBytes["track"] ?? 0),
            figure("cell_flush", storage.flushBytes["geo"] ?? 0), figure("other_flush", others),
            figure("compaction", storage.compactionBytes.values.reduce(0, +)),
            figure("compaction_track", storage.compactionBytes["track"] ?? 0),
            figure("compaction_geo", storage.compactionBytes["geo"] ?? 0),
            figure("segment", UInt64(sealed)),
        ].filter { $0.value > 0 }
    }

    /// Returns the bytes of a point in the journal, from stretches without a checkpoint, which
    /// sets the engine's count back; and the largest size of all its files: they are filled with
    /// zeros once and then used again.
    private static func sendWatchingJournal(
        _ run: IngestRun, points: Int
    ) throws -> (perPoint: Double, room: Int) {
        var bytes = 0
        var counted = 0
        var room = 0
        while run.sent < points {
            let sentBefore = run.sent
            let before = run.engine.figure("journal_bytes")
            try run.send(points: max(1, points / 50))
            let after = run.engine.figure("journal_bytes")
            if after > before {
                bytes += after - before
                counted += run.sent - sentBefore
            }
            room = max(room, run.engine.figure("journal_disk_bytes"))
        }
        return (Double(bytes) / Double(max(1, counted)), room)
    }

    /// Resident bytes of an engine with ten times the riders, all active, tails filled half on
    /// average, as they are where riders come and go. What this process had before is taken off;
    /// run it alone, or memory that others freed hides some of it.
    static let memory = Benchmark(
        name: "memory", about: "resident bytes with 10 times the riders active", isSweep: true
    ) { scale in
        var one = scale
        one.riders = scale.riders * 10
        let batches = FleetBatches(one)
        let before = ProcessFigures.residentBytes
        let run = try IngestRun("memory", batches, one)
        var peak: UInt64 = 0
        for _ in 0..<8 {
            try run.send(points: min(scale.points / 4, one.riders * 16))
            peak = max(peak, ProcessFigures.residentBytes)
        }
        let after = ProcessFigures.residentBytes
        let parts = run.engine.stats().filter { $0.name.hasPrefix("memory_") }
        let hash = try run.hash()
        try run.engine.close()
        func megabytes(_ bytes: UInt64) -> Double {
            max(0.001, (Double(bytes) - Double(before)) / 1e6)
        }
        return [
            Measurement("memory", megabytes(after), "MB", n: one.riders, hash: hash),
            Measurement("memory_peak", megabytes(peak), "MB", n: one.riders, hash: hash),
        ]
            + parts.compactMap { part in
                guard case .integer(let bytes) = part.value, bytes > 0 else { return nil }
                return Measurement(
                    part.name, Double(bytes) / 1e6, "MB", n: one.riders, hash: 0)
            }
    }
}

/// What the kernel counts for this process.
enum ProcessFigures {
    /// Bytes this process caused to be sent to storage.
    static var writtenBytes: UInt64 {
        for line in text("/proc/self/io").split(separator: "\n")
        where line.hasPrefix("write_bytes: ") {
            return UInt64(line.dropFirst(13)) ?? 0
        }
        return 0
    }

    static var residentBytes: UInt64 {
        let fields = text("/proc/self/statm").split(separator: " ")
        return fields.count > 1 ? (UInt64(fields[1]) ?? 0) * UInt64(getpagesize()) : 0
    }

    private static func text(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
