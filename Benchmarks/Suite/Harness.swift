#if canImport(Glibc)
    import Glibc
#endif

// Goals: the same work every time (fixed seed), a hash of the result so that it can neither rot nor
// be optimised away, one JSON line per figure, medians of several rounds, peers in the same run.
// Not goals: statistics beyond a median, comparisons between machines or days.

/// One figure.
package struct Measurement: Sendable {
    package var name: String
    package var value: Double
    package var unit: String
    /// Points or operations behind the figure.
    package var count: Int
    /// Of the result the work came to; the same for the same code and size.
    package var hash: UInt64

    package init(_ name: String, _ value: Double, _ unit: String, n count: Int, hash: UInt64) {
        self.name = name
        self.value = value
        self.unit = unit
        self.count = count
        self.hash = hash
    }

    package var json: String { json(with: nil) }

    /// The figure as an object, `members` before its own.
    func json(with members: String?) -> String {
        "{" + (members.map { $0 + "," } ?? "")
            + "\"name\":\"\(name)\",\"value\":\(Self.text(value)),\"unit\":\"\(unit)\","
            + "\"n\":\(count),\"hash\":\"\(String(hash, radix: 16))\"}"
    }

    package var line: String {
        "\(Self.padded(name, to: 34)) \(Self.text(value)) \(unit)"
    }

    static func padded(_ text: String, to width: Int) -> String {
        text.count < width ? text + String(repeating: " ", count: width - text.count) : text
    }

    static func text(_ value: Double) -> String {
        let scaled = (value * 1000).rounded() / 1000
        return scaled == scaled.rounded() && abs(scaled) < 1e15
            ? "\(Int(scaled))" : "\(scaled)"
    }
}

/// How large a run is. Tests run `tiny` so that no benchmark rots.
package struct Scale: Sendable {
    package var points: Int
    package var riders: Int
    package var rounds: Int
    /// Points a batch.
    package var batch = 1000
    /// Of 100 points, so many come late: a minute to three days.
    package var latePercent = 0
    /// Judging threads; nil: as many as the engine takes by itself.
    package var workers: Int?
    /// Rules about motion are on, as they are by default.
    package var judgesMotion = true
    /// Tracks are compared with those of so many days; 0: with none.
    package var replayDays = 7
    /// Where data directories are made.
    package var directory: String
    /// Where the data of `who` stay for the next run of the same size; nil: they are removed.
    package var kept: String?

    package init(points: Int, riders: Int, rounds: Int, directory: String) {
        self.points = points
        self.riders = riders
        self.rounds = rounds
        self.directory = directory
    }

    package static func tiny(_ directory: String) -> Scale {
        Scale(points: 2000, riders: 20, rounds: 1, directory: directory)
    }

    /// 1,000 reports a rider: every tail becomes a chunk three times, and at 21 to 27 B a point the
    /// journal passes its bound of 256 MiB, so that a checkpoint falls into the measured time.
    package static func full(_ directory: String) -> Scale {
        Scale(points: 15_000_000, riders: 15_000, rounds: 5, directory: directory)
    }

    /// The same with fewer rounds: for what is measured at several sizes.
    var sweep: Scale {
        var scale = self
        scale.rounds = min(rounds, 3)
        return scale
    }
}

/// A benchmark: a name and what it does.
package struct Benchmark: Sendable {
    package let name: String
    package let about: String
    /// Takes minutes at full size: run only where it is named, or all are.
    package var isSweep = false
    package let run: @Sendable (Scale) throws -> [Measurement]

    package init(
        name: String, about: String, isSweep: Bool = false,
        run: @escaping @Sendable (Scale) throws -> [Measurement]
    ) {
        self.name = name
        self.about = about
        self.isSweep = isSweep
        self.run = run
    }

    package static let all: [Benchmark] = [
        calibration, ingest, tcpPacked, tcpLatest, tcpText, naive, latest, latestBusy, decode,
        bytesPerPoint, riderDay, retiredRange, tcpRiderDay, fleetScan, nearby, who, trips,
        distance, h3, seal,
        ingestSealing, ingestPlaces, ingestNoPlaces,
        ingestRiders, ingestLate, ingestBacklog, ingestBatch, ingestLong, fences, bytesWritten,
        memory, restart, rules, auditExport, auditRider, access,
    ]
}

package enum Timing {
    /// Monotonic time in seconds.
    package static func now() -> Double { seconds(of: CLOCK_MONOTONIC) }

    /// Seconds and nanoseconds are read as the two words that they are: which of the modules that are
    /// loaded has the members of timespec depends on what else is linked.
    static func seconds(of clock: clockid_t) -> Double {
        withUnsafeTemporaryAllocation(of: timespec.self, capacity: 1) { time in
            clock_gettime(clock, time.baseAddress!)
            let words = UnsafeRawBufferPointer(time)
            let nanoseconds = words.load(fromByteOffset: MemoryLayout<Int>.size, as: Int.self)
            return Double(words.load(as: Int.self)) + Double(nanoseconds) * 1e-9
        }
    }

    package static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = now()
        try body()
        return now() - start
    }

    package static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }

    package static func percentile(_ values: [Double], _ p: Double) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * p))]
    }
}

/// FNV-1a over 64-bit values.
package struct ResultHash: Sendable {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325
    package init() {}

    package mutating func mix(_ word: UInt64) {
        value = (value ^ word) &* 0x100_0000_01B3
    }

    package mutating func mix(_ bytes: [UInt8]) { for byte in bytes { mix(UInt64(byte)) } }
}

/// A fresh directory for one measurement, removed with the value.
final class ScratchDirectory {
    let path: String
    private let isKept: Bool

    init(kept path: String) {
        self.path = path
        isKept = true
        mkdir(path, 0o755)
    }

    init(in parent: String, _ name: String) {
        isKept = false
        path = parent + "/tacho-bench-\(name)-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        mkdir(path, 0o755)
    }

    deinit { if !isKept { Self.remove(path) } }

    private static func remove(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { remove(path + "/" + name) }
            }
            closedir(directory)
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
