/// Another system that gets the same points. One file each.
package struct Peer: Sendable {
    package let name: String
    /// What is missing to run it here, in words; nil: it can be run.
    let missing: @Sendable () -> String?
    /// Starts it, measures, proves that it holds all points, stops it.
    let run: @Sendable (PeerWork) throws -> PeerResult

    package static let all: [Peer] = [
        naive, redis(.off), redis(.everysec), redis(.always), postgis, duckdb,
    ]
}

package struct PeerResult {
    package var figures: [Measurement]
    /// What it was set to, one `name = value` each.
    package var settings: [String]
}

/// What peers are fed with; prepared once, outside of all measured time, for all rounds.
package final class PeerWork {
    package let points: PeerPoints
    let directory: String
    let scratch: ScratchDirectory
    private(set) lazy var pipelines = RedisPipelines(points)
    private var files: [String: String] = [:]

    package init(points: Int, riders: Int, directory: String) {
        self.points = PeerPoints(count: points, riders: riders)
        self.directory = directory
        scratch = ScratchDirectory(in: directory, "peers")
    }

    /// The file of that name, written by `body` when it is wanted first.
    func file(_ name: String, _ body: (OutputBuffer) throws -> Void) throws -> String {
        if let path = files[name] { return path }
        let path = scratch.path + "/" + name
        let file = try OutputBuffer(path)
        try body(file)
        _ = file.close()
        files[name] = path
        return path
    }
}

extension Peer {
    static let naive = Peer(name: "naive", missing: { nil }) { work in
        let rate = try Benchmark.naiveRate(work.points, work.directory)
        return PeerResult(
            figures: [
                Measurement(
                    "naive", rate, "points/s", n: work.points.count, hash: work.points.hash)
            ],
            settings: [
                "naive: RocksDB, 3 column families, WriteBatch of 1,000, sync each, one thread, "
                    + "bloom filters of 10 bits, 256 MB cache"
            ])
    }
}
