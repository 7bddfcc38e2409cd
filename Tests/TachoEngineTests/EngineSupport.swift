import Foundation
import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

@testable import TachoEngine

/// splitmix64: tests repeat exactly from their seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A directory of its own that goes with the value's last use.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "tacho-engine-" + UUID().uuidString
        try! FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// 2026-01-01T00:00:00Z and a bit: the server's clock in these tests.
let testNowMs: Int64 = 1_767_225_600_000 + 86_400_000

/// `allRules` false: only those whose verdicts do not depend on the order of delivery, as models
/// know them.
func testOptions(
    _ directory: TemporaryDirectory, workers: Int = 1, allRules: Bool = false
) -> EngineOptions {
    var options = EngineOptions(directory: directory.path + "/data")
    options.nowMs = { testNowMs }
    options.workers = workers
    options.rangeSeconds = 0
    options.minFreeBytes = 0
    options.journalFileBytes = 1 << 20
    options.judgesAcross = false
    options.thresholds.off = allRules ? 0 : RuleSet.deliveryOrderCodes
    return options
}

/// A fix `north` and `east` metres from 37.5° N, 127° E at `seconds` of 2026.
func fix(
    _ seconds: Double, north: Double = 0, east: Double = 0, accuracyDm: Int32 = Fix.absent
) -> Fix {
    Fix(
        tsMs: 1_767_225_600_000 + Int64(seconds * 1000),
        latE7: 375_000_000 + Int32((north / 0.011119508).rounded()),
        lonE7: 1_270_000_000 + Int32((east / 0.0088216).rounded()), accuracyDm: accuracyDm)
}

func batch(_ fixes: [(String, Fix)], _ provenance: Provenance = .live) -> FixBatch {
    var batch = FixBatch(capacity: fixes.count)
    for (rider, fix) in fixes {
        Array(rider.utf8).withUnsafeBytes { name in
            _ = batch.append(rider: name, fix: fix, provenance: provenance)
        }
    }
    return batch
}

extension Engine {
    @discardableResult
    func add(_ rider: String, _ fixes: Fix..., provenance: Provenance = .live) throws
        -> [ReplyMask]
    {
        try append(batch(fixes.map { (rider, $0) }, provenance))
    }

    func shown(_ rider: String, raw: Bool = false) -> StoredFix? {
        Array(rider.utf8).withUnsafeBytes { latest(rider: $0, raw: raw) }
    }

    func all(_ rider: String, _ filter: VerdictFilter = .all) throws -> [StoredFix] {
        try track(TrackQuery(rider: Array(rider.utf8), filter: filter)).fixes
    }

    func verdicts(_ rider: String) throws -> [String] { try all(rider).map(\.verdict.text) }

    func figure(_ name: String) -> Int64 {
        for (key, value) in stats() where key == name {
            if case .integer(let number) = value { return number }
        }
        return -1
    }
}

/// Waits for an answer that comes on another thread.
final class Answer<Value: Sendable>: @unchecked Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private var result: Result<Value, ReadError>?

    func give(_ result: Result<Value, ReadError>) {
        self.result = result
        semaphore.signal()
    }

    func wait() throws -> Value {
        semaphore.wait()
        return try result!.get()
    }
}

extension TailImage {
    /// With an encoder for this one image.
    static func bytes(_ tail: Tail) -> [UInt8] {
        var encoder = ChunkEncoder(capacity: Tail.limit)
        return bytes(tail, &encoder) ?? []
    }

    static func read(_ bytes: UnsafeRawBufferPointer) throws -> Tail {
        var columns = ChunkColumns(capacity: Tail.limit)
        return try read(bytes, &columns)
    }
}
