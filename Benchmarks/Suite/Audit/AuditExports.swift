import Foundation
import TachoAudit

extension Benchmark {
    /// Sealed segments as CSV in a file: decoded, checked, written and hashed, as `tacho-audit
    /// export` does; and DuckDB's writer of the same rows, where tools/setup-peers put it.
    static let auditExport = Benchmark(
        name: "audit_export", about: "rows a second of sealed segments as CSV, and DuckDB's of them"
    ) { scale in
        let rounds = 1_200
        let segments = 4
        let riders = max(1, scale.points / (rounds * segments))
        let fleet = try SealedFleet("audit-export", scale.directory, riders: riders)
        for _ in 0..<segments {
            try fleet.seal(rounds: min(rounds, scale.points / (riders * segments)))
        }
        let scratch = ScratchDirectory(in: scale.directory, "audit-csv")
        let target = scratch.path + "/fleet.csv"
        var times: [Double] = []
        var alone: [Double] = []
        var hash = ResultHash()
        for _ in 0..<scale.rounds {
            times.append(try export(fleet.path, to: target, hash: &hash))
            alone.append(try export(fleet.path, to: target, threads: 1, hash: &hash))
        }
        func figure(_ name: String, _ seconds: [Double]) -> Measurement {
            Measurement(
                name, Double(fleet.points) / Timing.median(seconds), "rows/s", n: fleet.points,
                hash: hash.value)
        }
        var figures = [figure("audit_export", times), figure("audit_export_one_thread", alone)]
        if let duck = try duckdb(target, scratch.path, rows: fleet.points, scale.rounds) {
            figures.append(
                Measurement(
                    "audit_export_duckdb", duck, "rows/s", n: fleet.points, hash: hash.value))
        }
        return figures
    }

    /// One rider's rows out of a thousand segments.
    static let auditRider = Benchmark(
        name: "audit_rider", about: "ms for a rider's rows out of 1,000 sealed segments"
    ) { scale in
        // The same at every size but tiny: what counts is the number of segments and riders.
        let isTiny = scale.points < 100_000
        let fleet = try SealedFleet(
            "audit-rider", scale.directory, riders: isTiny ? 20 : 1_500)
        for _ in 0..<(isTiny ? 20 : 1_000) { try fleet.seal(rounds: 8, firstRounds: 1_200) }
        let scratch = ScratchDirectory(in: scale.directory, "audit-rider-csv")
        var times: [Double] = []
        var hash = ResultHash()
        for _ in 0..<scale.rounds {
            times.append(
                try export(
                    fleet.path, to: scratch.path + "/rider.csv", rider: fleet.names[0],
                    hash: &hash))
        }
        return [
            Measurement(
                "audit_rider", Timing.median(times) * 1_000, "ms", n: fleet.points,
                hash: hash.value)
        ]
    }

    /// Seconds until all is written and hashed. Waiting for the device is not in it: DuckDB's writer
    /// does not, and it is the device's speed.
    private static func export(
        _ directory: String, to path: String, threads: Int = AuditExport.defaultThreads,
        rider: [UInt8]? = nil, hash: inout ResultHash
    ) throws -> Double {
        var query = ExportQuery()
        if let rider { query.riders = [rider] }
        let output = try ExportOutput(path: path)
        let start = Timing.now()
        let summary = try AuditExport.run(
            directory: directory, query: query, format: .csv, to: output, threads: threads)
        let sha256 = output.sha256 ?? []
        let seconds = Timing.now() - start
        try output.complete()
        hash = ResultHash()
        hash.mix(summary.rows)
        hash.mix(sha256)
        return seconds
    }

    /// Rows a second; nil where DuckDB is not.
    private static func duckdb(
        _ csv: String, _ directory: String, rows: Int, _ rounds: Int
    ) throws -> Double? {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .path
        let python = root + "/.build/peers-venv/bin/python"
        guard PeerCommand.isThere(python) else { return nil }
        let text = try PeerCommand.run(
            [python, root + "/Benchmarks/peers/duckdb_audit.py", csv, directory, "\(rounds)"])
        let line = try JSONDecoder().decode(AuditDuckLine.self, from: Data(text.utf8))
        guard line.rows == rows else {
            throw PeerError("duckdb holds \(line.rows) of \(rows) rows")
        }
        return line.value
    }
}

/// What the script prints.
private struct AuditDuckLine: Decodable {
    var rows: Int
    var value: Double
}
