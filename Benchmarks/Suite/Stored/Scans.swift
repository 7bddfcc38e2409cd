import Glibc
import TachoCodec
import TachoEngine
import TachoGeo

extension Benchmark {
    /// All fixes of one rider's day, of a rider at random, through the engine: snapshot, chunks,
    /// tails, amendments, merge.
    static let riderDay = Benchmark(
        name: "rider_day", about: "ms for a rider's day of 28,800 fixes, by a range read"
    ) { scale in
        let tracks = DayTracks(points: max(1000, scale.points / 10))
        let stored = try StoredFleet("day", scale)
        try stored.send(Backlog.inOrder.batches(of: tracks, size: scale.batch))
        var times: [Double] = []
        var hash = ResultHash()
        for round in 0..<scale.rounds * 10 {
            let rider = round * 7 % tracks.riders
            var fixes = 0
            times.append(
                try Timing.seconds {
                    fixes = try stored.engine.track(TrackQuery(rider: tracks.names[rider])).fixes
                        .count
                })
            hash.mix(UInt64(fixes))
        }
        try stored.engine.close()
        return [
            Measurement(
                "rider_day", Timing.median(times) * 1000, "ms", n: tracks.pointsPerRider,
                hash: hash.value),
            Measurement(
                "rider_day_p99", Timing.percentile(times, 0.99) * 1000, "ms",
                n: tracks.pointsPerRider, hash: hash.value),
        ]
    }

    /// Every fix of the fleet, rider by rider, one caller: as values, then as CSV in a file.
    static let fleetScan = Benchmark(
        name: "fleet_scan", about: "points a second of a whole fleet's tracks, and as CSV"
    ) { scale in
        let tracks = DayTracks(points: max(1000, scale.points / 10))
        let stored = try StoredFleet("scan", scale)
        try stored.send(Backlog.inOrder.batches(of: tracks, size: scale.batch))
        let scratch = ScratchDirectory(in: scale.directory, "export")
        var scans: [Double] = []
        var exports: [Double] = []
        var hash = ResultHash()
        for _ in 0..<scale.rounds {
            hash = ResultHash()
            scans.append(
                try Timing.seconds {
                    try stored.engine.scan { _, fixes in
                        for i in fixes.range {
                            hash.mix(UInt64(bitPattern: fixes.columns.tsMs[i]))
                        }
                    }
                })
            exports.append(
                try Timing.seconds {
                    hash.mix(try export(stored.engine, to: scratch.path + "/fleet.csv"))
                })
        }
        let points = Double(tracks.count)
        try stored.engine.close()
        return [
            Measurement(
                "fleet_scan", points / Timing.median(scans), "points/s", n: tracks.count,
                hash: hash.value),
            Measurement(
                "export_csv", points / Timing.median(exports), "points/s", n: tracks.count,
                hash: hash.value),
        ]
    }

    /// Returns how many bytes the file has.
    private static func export(_ engine: Engine, to path: String) throws -> UInt64 {
        let file = try OutputBuffer(path)
        var writer = CSVFixWriter(hasSource: false)
        var text = TextBuffer(capacity: 2 * OutputBuffer.pieceBytes)
        var current: [UInt8] = []
        try engine.scan { rider, fixes in
            if rider != current {
                rider.withUnsafeBytes { writer.begin(rider: $0) }
                current = rider
            }
            writer.append(fixes.columns, fixes.range, to: &text)
            if text.count >= OutputBuffer.pieceBytes { file.write(&text) }
        }
        file.write(&text)
        return file.close()
    }
}

/// A file that is written in pieces of a megabyte.
final class OutputBuffer {
    var bytes: [UInt8] = []
    private let fd: Int32
    private var written: UInt64 = 0
    static let pieceBytes = 1 << 20

    init(_ path: String) throws {
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        if fd < 0 { throw CalibrationError.cannotCreate(path) }
        bytes.reserveCapacity(Self.pieceBytes + 4096)
    }

    func flushIfLarge() { if bytes.count >= Self.pieceBytes { flush() } }

    private func flush() {
        bytes.withUnsafeBytes { write($0) }
        bytes.removeAll(keepingCapacity: true)
    }

    /// Writes all of the text, behind what is in the buffer, and empties it.
    func write(_ text: inout TextBuffer) {
        flush()
        write(text.text)
        text.removeAll()
    }

    private func write(_ raw: UnsafeRawBufferPointer) {
        var start = 0
        while start < raw.count {
            let count = Glibc.write(fd, raw.baseAddress! + start, raw.count - start)
            precondition(count > 0, "the benchmark's own file cannot be written")
            start += count
        }
        written += UInt64(raw.count)
    }

    /// Returns how many bytes were written in all.
    func close() -> UInt64 {
        flush()
        Glibc.close(fd)
        return written
    }
}
