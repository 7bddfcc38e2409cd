/// What a figure is judged by: a floor that must hold and a goal, alone or against a peer of the
/// same run. Without them it is only shown beside the peer's, ahead of it or behind.
package struct Goal: Sendable {
    enum Sense {
        /// Ours ÷ theirs, or ours alone, is to be at least the floor.
        case atLeast
        /// Is to be at most the floor.
        case atMost
    }

    let job: String
    let ours: String
    /// nil: an absolute figure.
    let theirs: String?
    var floor: Double?
    var goal: Double?
    var sense = Sense.atLeast
    /// Judged as on the machine the floors were set for, where naive writes 39,000 a second.
    var isScaled = false

    /// The table of floors and goals, in order.
    static let all: [Goal] = [
        Goal(
            job: "in process ÷ naive", ours: "ingest", theirs: "naive", floor: 25, goal: 50),
        Goal(
            job: "over TCP ÷ Redis, AOF always", ours: "tcp_packed", theirs: "redis_always",
            floor: 20, goal: 60),
        Goal(
            job: "over TCP ÷ Redis, AOF everysec", ours: "tcp_packed", theirs: "redis_everysec",
            floor: 12, goal: 40),
        Goal(
            job: "in process ÷ PostGIS COPY", ours: "ingest", theirs: "postgis_copy", floor: 15,
            goal: 30),
        Goal(
            job: "in process", ours: "ingest", theirs: nil, floor: 1_000_000, goal: 2_000_000,
            isScaled: true),
        Goal(
            job: "over TCP, packed", ours: "tcp_packed", theirs: nil, floor: 500_000,
            goal: 1_200_000, isScaled: true),
        Goal(
            job: "latest over TCP ÷ Redis GET", ours: "tcp_latest",
            theirs: "redis_get_pipelined_64", floor: 1, goal: 2),
        Goal(
            job: "latest in process", ours: "latest", theirs: nil, floor: 500, goal: 150,
            sense: .atMost),
        Goal(
            job: "decode, one core", ours: "decode", theirs: nil, floor: 10_000_000,
            goal: 40_000_000, isScaled: true),
        Goal(
            job: "decode ÷ Parquet", ours: "decode", theirs: "parquet_decode"),
        Goal(
            job: "fleet scan ÷ DuckDB scan", ours: "fleet_scan", theirs: "duckdb_scan"),
        Goal(
            job: "export CSV", ours: "export_csv", theirs: nil, floor: 2_000_000,
            goal: 7_000_000, isScaled: true),
        Goal(
            job: "export CSV ÷ DuckDB", ours: "export_csv", theirs: "duckdb_export_csv"),
        Goal(
            job: "sealed export CSV", ours: "audit_export", theirs: nil, floor: 2_000_000,
            goal: 7_000_000, isScaled: true),
        Goal(
            job: "sealed export CSV ÷ DuckDB", ours: "audit_export",
            theirs: "audit_export_duckdb"),
        Goal(
            job: "bytes a point, synthetic", ours: "bytes_synthetic", theirs: nil, floor: 6.6,
            goal: 5.5, sense: .atMost),
        Goal(
            job: "bytes a point ÷ Parquet", ours: "bytes_synthetic", theirs: "parquet_bytes",
            sense: .atMost),
        Goal(
            job: "bytes a point ÷ Parquet, delta, zstd 9", ours: "bytes_synthetic",
            theirs: "parquet_bytes_delta_zstd", sense: .atMost),
    ]

    func verdict(_ value: Double) -> String {
        func holds(_ limit: Double) -> Bool {
            sense == .atLeast ? value >= limit : value <= limit
        }
        guard let floor, let goal else { return holds(1) ? "ahead" : "behind" }
        return holds(goal) ? "goal" : holds(floor) ? "floor" : "missed"
    }
}

/// How floors set on one machine are read on another.
enum MachineScale {
    /// What naive writes on the machine of the floors, points/s.
    static let naive = 39_000.0
    /// Below, the run says nothing.
    static let leastNaive = 30_000.0
    private static let largestFactor = 1.5

    /// By what absolute figures are multiplied; nil: the machines differ too much.
    static func factor(naive: Double) -> Double? {
        let factor = Self.naive / naive
        return factor < largestFactor ? factor : nil
    }
}
