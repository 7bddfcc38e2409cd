import Foundation
import Testing

@testable import TachoStore

/// Copies of a database, and what it says it had when they were made.
struct CheckpointTests {
    /// RocksDB's own list counts rows of some twenty files of a family only, after a start.
    @Test func `a copy of many files has what was counted, also behind a start`() throws {
        let place = NSTemporaryDirectory() + "tacho-checkpoint-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: place) }
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: true)
        var options = DatabaseOptions()
        options.creates = true
        var database = try Database.open(path: place + "/db", options)
        for file in 0..<60 { try addFile(number: file, to: database) }
        let copies = [place + "/copy-0", place + "/copy-1"]
        var noted = [try database.checkpoint(to: copies[0]) {}]
        database.close()
        options.creates = false
        database = try Database.open(path: place + "/db", options)
        try addFile(number: 60, to: database)
        noted.append(try database.checkpoint(to: copies[1]) {})
        database.close()
        for (index, copy) in copies.enumerated() {
            let reading = try Database.openForReading(path: copy)
            defer { reading.close() }
            #expect(try reading.figures() == noted[index])
            let verdicts = try #require(noted[index].first { $0.family == Family.verdicts.name })
            #expect(verdicts.entries == UInt64(60 + index) * 3)
            #expect(verdicts.files > 25, "so few files say nothing")
        }
    }

    /// Three rows behind all others, in a file of their own.
    private func addFile(number: Int, to database: Database) throws {
        let rows = RowBatch(database)
        for row in 0..<3 { rows.put(.verdicts, [0, 0, UInt8(number), UInt8(row)], [1, 2, 3]) }
        try database.write(rows, sync: false)
        try database.flush(.verdicts)
    }
}
