import Foundation
import TachoCodec
import TachoEngine
import TachoGeo
import TachoStore
import Testing

@testable import TachoBackup

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
        path = NSTemporaryDirectory() + "tacho-backup-" + UUID().uuidString
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var data: String { path + "/data" }
    var backup: String { path + "/backup" }
    var restored: String { path + "/restored" }
}

let testNowMs: Int64 = 1_767_225_600_000 + 86_400_000

func testOptions(_ data: String) -> EngineOptions {
    var options = EngineOptions(directory: data)
    options.nowMs = { testNowMs }
    options.rangeSeconds = 0
    options.minFreeBytes = 0
    options.journalFileBytes = 1 << 20
    options.judgesAcross = false
    return options
}

/// Fix `number` of a rider: others than all other numbers, so it is stored and no duplicate.
func fix(_ number: Int) -> Fix {
    Fix(
        tsMs: 1_767_225_600_000 + Int64(number) * 1000,
        latE7: 375_000_000 + Int32(number % 1000) * 90, lonE7: 1_270_000_000)
}

func batch(_ rider: String, _ numbers: Range<Int>) -> FixBatch {
    var batch = FixBatch(capacity: numbers.count)
    Array(rider.utf8).withUnsafeBytes { name in
        for number in numbers {
            _ = batch.append(rider: name, fix: fix(number), provenance: .live)
        }
    }
    return batch
}

/// A backup of an engine that is open.
@discardableResult
func backUp(
    _ engine: Engine, _ place: TemporaryDirectory, keep: Int? = nil, withKeys: Bool = false,
    forgetsJournal: Bool = false
) throws -> BackupSummary {
    let store = try BackupStore(writing: place.backup, of: place.data)
    var options = BackupOptions(data: place.data, pacer: Pacer())
    options.keep = keep
    options.withKeys = withKeys
    options.forgetsJournal = forgetsJournal
    let point = try engine.beginBackup()
    defer { engine.endBackup() }
    return try BackupRun.run(store, point, options)
}

@discardableResult
func restore(
    _ place: TemporaryDirectory, to target: String? = nil, generation: UInt64? = nil
) throws -> RestoreSummary {
    var options = RestoreOptions(pacer: Pacer())
    options.generation = generation
    var run = try RestoreRun(try BackupStore(reading: place.backup), options)
    return try run.restore(to: target ?? place.restored)
}

func check(_ place: TemporaryDirectory, generation: UInt64? = nil) throws -> RestoreSummary {
    var options = RestoreOptions(pacer: Pacer())
    options.generation = generation
    var run = try RestoreRun(try BackupStore(reading: place.backup), options)
    return try run.check()
}

/// Times of all fixes by rider.
func tracks(_ engine: Engine) throws -> [String: [Int64]] {
    var found: [String: [Int64]] = [:]
    try engine.scan { rider, fixes in
        let times = fixes.range.map { fixes.columns.tsMs[$0] }
        found[String(decoding: rider, as: UTF8.self), default: []] += times
    }
    return found
}

func files(below path: String) -> [String] {
    let found = FileManager.default.enumerator(atPath: path)
    return (found?.allObjects as? [String] ?? []).filter { name in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
            && !isFolder.boolValue
    }.sorted()
}
