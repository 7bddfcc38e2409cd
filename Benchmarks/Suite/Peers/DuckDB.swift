import Foundation
import TachoGeo

extension Peer {
    /// DuckDB and Parquet, for what they are made for: scans, exports and small files.
    static let duckdb = Peer(
        name: "duckdb",
        missing: { PeerCommand.isThere(python) ? nil : "duckdb and pyarrow in .build/peers-venv" }
    ) { work in
        let csv = try work.file("fixes.csv") { file in
            work.points.forEach { rider, fix in
                file.bytes += "\(rider)".utf8
                for value in [
                    fix.tsMs, Int64(fix.latE7), Int64(fix.lonE7), Int64(fix.speedCms),
                    Int64(fix.headingCdeg), Int64(fix.accuracyDm),
                ] {
                    file.bytes.append(UInt8(ascii: ","))
                    Decimal.appendInteger(value, to: &file.bytes)
                }
                file.bytes.append(UInt8(ascii: "\n"))
                file.flushIfLarge()
            }
        }
        let scratch = ScratchDirectory(in: work.directory, "duckdb")
        let text = try PeerCommand.run(
            [python, root + "/Benchmarks/peers/duckdb_peer.py", csv, scratch.path])
        var result = PeerResult(figures: [], settings: [])
        for line in text.split(separator: "\n") {
            let one = try JSONDecoder().decode(DuckLine.self, from: Data(line.utf8))
            if let setting = one.setting { result.settings.append(setting) }
            if let rows = one.rows, let sum = one.ts_sum {
                try work.points.check("duckdb", rows: rows, timeSum: sum)
            }
            guard let name = one.name, let value = one.value, let unit = one.unit else { continue }
            result.figures.append(
                Measurement(
                    name, value, unit, n: work.points.count, hash: work.points.hash))
        }
        if result.figures.isEmpty { throw PeerError("duckdb printed no figure: \(text)") }
        return result
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    private static let python = root + "/.build/peers-venv/bin/python"
}

/// A line of the script: a figure, a setting, or the proof of what is held.
private struct DuckLine: Decodable {
    var name: String?
    var value: Double?
    var unit: String?
    var setting: String?
    var rows: Int?
    var ts_sum: UInt64?
}
