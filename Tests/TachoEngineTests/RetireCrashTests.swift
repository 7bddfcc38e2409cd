import Foundation
import TachoCodec
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Rows on their way to the database, of which one does not get there: the process ends before it.
private final class EndingRows: RowWriting, @unchecked Sendable {
    private let database: Database
    private let lock = NSLock()
    private var left = Int.max
    private var isGone = false

    init(_ database: Database) { self.database = database }

    /// After so many further writes none gets through.
    func end(after writes: Int) { lock.withLock { left = writes } }
    /// Whether one did not.
    var hasEnded: Bool { lock.withLock { isGone } }

    func write(_ rows: RowBatch, sync: Bool) throws(StoreError) {
        let isThrough = lock.withLock {
            isGone = isGone || left <= 0
            if isGone { return false }
            left -= 1
            return true
        }
        guard isThrough else { throw .io("the process is gone") }
        try database.write(rows, sync: sync)
    }
}

/// Carries the double out of the engine's opening.
private final class Box<Value>: @unchecked Sendable {
    var value: Value?
}

@Suite(.serialized)
struct RetireCrashTests {
    /// So many that a range is several batches of rows.
    private static let riders = 3_000

    private func options(_ directory: TemporaryDirectory) -> EngineOptions {
        var options = testOptions(directory, workers: 2)
        options.fault = .skipSync
        return options
    }

    private func deliveries() -> [(String, Fix)] {
        var list: [(String, Fix)] = []
        for round in 0..<2 {
            for rider in 0..<Self.riders {
                let one = fix(Double(round * 30 + rider % 7), north: Double(rider % 90))
                list.append(("r\(rider)", one))
            }
        }
        return list
    }

    private func tracks(_ engine: Engine) throws -> [[UInt8]: [StoredFix]] {
        var found: [[UInt8]: [StoredFix]] = [:]
        try engine.scan { rider, slice in
            found[rider, default: []] += slice.range.map { slice.columns.fix($0) }
        }
        return found
    }

    /// After the restart everything is there once, known, and the rest of the range goes.
    private func check(
        _ directory: TemporaryDirectory, _ expected: [[UInt8]: [StoredFix]], _ what: String
    ) throws -> (chunks: Int, references: Int) {
        let engine = try Engine.open(options(directory))
        let rows = try engine.trackRows()
        var isSame = try tracks(engine) == expected
        #expect(isSame, "\(what), after the restart")
        let masks = try engine.append(batch(deliveries()))
        #expect(masks.allSatisfy { $0 == .duplicate }, "\(what)")
        #expect(engine.figure("points") == Int64(2 * Self.riders), "\(what)")
        _ = try engine.retire(.all)
        #expect(try engine.trackRows() == (0, Self.riders), "\(what)")
        #expect(try engine.rowCount(.ranges) == 0, "\(what)")
        #expect(engine.figure("points_retired") == Int64(2 * Self.riders), "\(what)")
        isSame = try tracks(engine) == expected
        #expect(isSame, "\(what), at the end")
        try engine.close()
        return rows
    }

    /// A directory with one sealed range, closed, and what it holds.
    private func sealed(
        _ directory: TemporaryDirectory
    ) throws -> [[UInt8]: [StoredFix]] {
        let engine = try Engine.open(options(directory))
        _ = try engine.append(batch(deliveries()))
        _ = try engine.seal()
        let expected = try tracks(engine)
        #expect(expected.count == Self.riders)
        try engine.close()
        return expected
    }

    @Test func `a kill before any write of a retirement leaves every fix in one place`() throws {
        var mixed = 0
        for writes in 0..<20 {
            let directory = TemporaryDirectory()
            let expected = try sealed(directory)
            let box = Box<EndingRows>()
            var options = options(directory)
            options.rowTarget = { database in
                let rows = EndingRows(database)
                box.value = rows
                return rows
            }
            let engine = try Engine.open(options)
            box.value!.end(after: writes)
            let isDone = (try? engine.retire(.all)) != nil
            engine.abandon()
            #expect(isDone != box.value!.hasEnded, "after \(writes) writes")
            let rows = try check(directory, expected, "after \(writes) writes")
            if rows.chunks > 0 && rows.references > 0 { mixed += 1 }
            if isDone {
                #expect(writes > 4)
                break
            }
        }
        #expect(mixed > 0, "no kill came in the middle")
    }

    @Test(arguments: 1...5)
    func `a power cut at any sync of a retirement leaves every fix in one place`(
        cut: Int
    ) throws {
        let directory = TemporaryDirectory()
        let expected = try sealed(directory)
        var options = options(directory)
        let box = Box<ForgetfulRows>()
        options.rowTarget = { database in
            let rows = ForgetfulRows(database, cutAtSync: cut)
            box.value = rows
            return rows
        }
        let engine = try Engine.open(options)
        let isDone = (try? engine.retire(.all)) != nil
        engine.abandon()
        // Of the checkpoint's rows and mark and of the range's two marks; with the fifth it gets through.
        #expect(box.value!.syncs >= min(cut, 4))
        #expect(isDone == (cut == 5))
        _ = try check(directory, expected, "cut at sync \(cut)")
    }

    @Test func `a kill behind a retirement makes no chunk again`() throws {
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory))
        _ = try engine.append(batch(deliveries()))
        let expected = try tracks(engine)
        #expect(try engine.sealAndRetire().retired.count == 1)
        // What comes now is in the journal alone, behind the checkpoint.
        try engine.add("new", fix(1), fix(2))
        engine.abandon()
        engine = try Engine.open(options(directory))
        #expect(try engine.trackRows() == (0, Self.riders))
        var found = try tracks(engine)
        #expect(found.removeValue(forKey: Array("new".utf8))?.count == 2)
        let isSame = found == expected
        #expect(isSame)
        engine.abandon()
    }
}
