import Foundation
import Glibc
import TachoGeo

extension Peer {
    /// PostgreSQL with PostGIS: COPY of all points into a table with a primary key and a GiST
    /// index, and latest positions by upserts of 1,000 rows.
    static let postgis = Peer(
        name: "postgis",
        missing: {
            let control = "/usr/share/postgresql/15/extension/postgis.control"
            if !PeerCommand.isThere(PostgisRun.programs + "postgres") { return "postgresql-15" }
            return access(control, R_OK) == 0 ? nil : "postgresql-15-postgis-3"
        }
    ) { work in
        let run = try PostgisRun(work)
        defer { run.stop() }
        return try run.measure()
    }
}

/// A cluster of its own: made, measured, stopped, removed.
private final class PostgisRun {
    static let programs = "/usr/lib/postgresql/15/bin/"
    /// The server refuses to be run by root.
    private static let user = "postgres"

    private let work: PeerWork
    private let scratch: ScratchDirectory
    private let process: PeerProcess
    private var base: String { scratch.path }

    /// More memory than Debian gives it, so that it is not held back by defaults.
    private static let settings = [
        "fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=1GB",
        "maintenance_work_mem=256MB", "max_wal_size=8GB", "listen_addresses=",
        "autovacuum=on",
    ]

    init(_ work: PeerWork) throws {
        self.work = work
        scratch = ScratchDirectory(in: work.directory, "postgis")
        let owner = geteuid() == 0 ? Self.user : NSUserName()
        if geteuid() == 0, let entry = getpwnam(Self.user) {
            chown(scratch.path, entry.pointee.pw_uid, entry.pointee.pw_gid)
        }
        try PeerCommand.run(
            [
                Self.programs + "initdb", "-D", scratch.path + "/db", "-A", "trust", "-U",
                Self.user,
                "--no-sync", "-E", "UTF8", "--locale=C",
            ], user: owner)
        process = try PeerProcess(
            [
                Self.programs + "postgres", "-D", scratch.path + "/db", "-k", scratch.path,
            ] + Self.settings.flatMap { ["-c", $0] },
            log: scratch.path + "/log", user: owner)
        do {
            try process.wait { (try? sql("SELECT 1")) != nil }
        } catch {
            process.stop(SIGINT)
            throw error
        }
    }

    /// SIGINT: "fast", open sessions end.
    func stop() { process.stop(SIGINT) }

    func measure() throws -> PeerResult {
        try sql(
            """
            CREATE EXTENSION postgis;
            CREATE TABLE fixes (
                rider integer NOT NULL, ts bigint NOT NULL,
                position geometry(Point, 4326) NOT NULL,
                speed_cms integer, heading_cdeg integer, accuracy_dm integer,
                PRIMARY KEY (rider, ts));
            CREATE INDEX fixes_position ON fixes USING gist (position);
            CREATE TABLE latest (LIKE fixes, PRIMARY KEY (rider));
            CREATE INDEX latest_position ON latest USING gist (position);
            CHECKPOINT;
            """)
        let points = work.points
        let rows = try copyFile()
        let copy = try Timing.seconds { try sql("COPY fixes FROM STDIN", input: rows) }
        try check()
        let sizes = try sql("SELECT pg_total_relation_size('fixes')")
        try sql("CHECKPOINT")
        let (script, upserts) = try upsertFile()
        let upsert = try Timing.seconds { try psql(["-f", script]) }
        let held = try sql("SELECT count(*) FROM latest")
        let expected = min(upserts, points.riders)
        guard Int(held) == expected else {
            throw PeerError("postgis holds \(held) of \(expected) latest positions")
        }
        return PeerResult(
            figures: [
                Measurement(
                    "postgis_copy", Double(points.count) / copy, "points/s", n: points.count,
                    hash: points.hash),
                Measurement(
                    "postgis_upsert_latest", Double(upserts) / upsert, "points/s", n: upserts,
                    hash: UInt64(upserts)),
                Measurement(
                    "postgis_bytes", (Double(sizes) ?? 0) / Double(points.count), "B/point",
                    n: points.count, hash: points.hash),
            ],
            settings: try shown())
    }

    private func check() throws {
        let answer = try sql("SELECT count(*), sum(ts) FROM fixes").split(separator: "|")
        guard answer.count == 2, let rows = Int(answer[0]), let sum = UInt64(answer[1]) else {
            throw PeerError("postgis does not say how many points it holds")
        }
        try work.points.check("postgis", rows: rows, timeSum: sum)
    }

    private func shown() throws -> [String] {
        let names = [
            "server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method",
            "shared_buffers", "max_wal_size",
        ]
        let values = try names.map { "\($0) \(try sql("SHOW \($0)"))" }
        return [
            "postgis: \(values.joined(separator: ", ")); one COPY, one client, Unix socket; "
                + "primary key (rider, ts), GiST on geometry(Point, 4326); latest: upserts of "
                + "1,000 rows, a commit each, primary key and GiST"
        ]
    }

    @discardableResult
    private func sql(_ text: String, input: String? = nil) throws -> String {
        try psql(["-c", text], input: input)
    }

    @discardableResult
    private func psql(_ arguments: [String], input: String? = nil) throws -> String {
        let text = try PeerCommand.run(
            [
                Self.programs + "psql", "-h", base, "-U", Self.user, "-d", "postgres", "-X", "-q",
                "-A", "-t", "-v", "ON_ERROR_STOP=1",
            ] + arguments, input: input)
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    // MARK: What it is fed with

    private func copyFile() throws -> String {
        try work.file("fixes.tsv") { file in
            work.points.forEach { rider, fix in
                Self.append(Int64(rider), fix, tab: UInt8(ascii: "\t"), to: &file.bytes)
                file.bytes.append(UInt8(ascii: "\n"))
                file.flushIfLarge()
            }
        }
    }

    /// A tenth of the points, in statements of 1,000 rows. Riders in one statement differ, as
    /// ON CONFLICT asks for.
    private func upsertFile() throws -> (path: String, rows: Int) {
        let batch = min(1000, work.points.riders)
        let rows = max(batch, work.points.count / 10 / batch * batch)
        let path = try work.file("latest.sql") { file in
            var fleet = BenchmarkFleet(riders: work.points.riders)
            var inBatch = 0
            for _ in 0..<rows {
                let (rider, fix) = fleet.step()
                file.bytes += (inBatch == 0 ? "INSERT INTO latest VALUES (" : ",(").utf8
                Self.append(Int64(rider), fix, tab: nil, to: &file.bytes)
                file.bytes.append(UInt8(ascii: ")"))
                inBatch += 1
                guard inBatch == batch else { continue }
                inBatch = 0
                file.bytes += Self.onConflict.utf8
                file.flushIfLarge()
            }
        }
        return (path, rows)
    }

    private static let onConflict = """
         ON CONFLICT (rider) DO UPDATE SET ts = excluded.ts, position = excluded.position, \
        speed_cms = excluded.speed_cms, heading_cdeg = excluded.heading_cdeg, \
        accuracy_dm = excluded.accuracy_dm WHERE latest.ts < excluded.ts;

        """

    /// A row: with `tab` as COPY reads it, without as VALUES.
    private static func append(_ rider: Int64, _ fix: Fix, tab: UInt8?, to out: inout [UInt8]) {
        let separator = tab ?? UInt8(ascii: ",")
        Decimal.appendInteger(rider, to: &out)
        out.append(separator)
        Decimal.appendInteger(fix.tsMs, to: &out)
        out.append(separator)
        if tab == nil { out.append(UInt8(ascii: "'")) }
        // EWKB of a point with SRID 4326, in hex: the shortest text PostGIS reads.
        out += "0101000020E6100000".utf8
        appendHex(Double(fix.lonE7) / 1e7, to: &out)
        appendHex(Double(fix.latE7) / 1e7, to: &out)
        if tab == nil { out.append(UInt8(ascii: "'")) }
        for value in [fix.speedCms, fix.headingCdeg, fix.accuracyDm] {
            out.append(separator)
            Decimal.appendInteger(Int64(value), to: &out)
        }
    }

    private static func appendHex(_ value: Double, to out: inout [UInt8]) {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes in
            for byte in bytes {
                for digit in [byte >> 4, byte & 15] { out.append(digit + (digit < 10 ? 48 : 55)) }
            }
        }
    }
}
