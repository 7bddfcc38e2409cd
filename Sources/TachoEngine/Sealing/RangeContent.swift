import TachoAudit
import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// What a segment takes in: implemented by the writer and by the tally that counts again.
protocol SegmentTaker: ~Copyable {
    mutating func add(
        rider name: [UInt8], fixes: UnsafeBufferPointer<StoredFix>,
        arrivals: UnsafeBufferPointer<UInt32>
    ) throws(SegmentWriteError)
    mutating func add(amendment: Amendment, riderName: [UInt8]) throws(SegmentWriteError)
    mutating func add(
        acceptedLoss interval: ClosedRange<UInt64>, ruleSet: UInt16
    ) throws(SegmentWriteError)
}

extension SegmentWriter: SegmentTaker {}
extension SegmentTally: SegmentTaker {}

/// A cut range as the store holds it: walked once to write its segment and once to check it.
/// Memory: a key per chunk, and the chunks of one rider.
struct RangeContent {
    let range: UInt32
    let row: RangeRow
    /// Of its segment, and of the losses in it.
    let ruleSet: UInt16
    let database: Database
    let riders: RiderTable
    /// Asked between riders: a clean stop is not to wait for the minutes a large range takes.
    let isStopping: @Sendable () -> Bool

    /// Failures of the store and of the segment, which mean different things to the caller.
    enum Failure: Error {
        case store(StoreError)
        case segment(SegmentWriteError)
        /// Broken off: the next seal begins anew and writes the same bytes.
        case stopping
    }

    func pour<T: SegmentTaker & ~Copyable>(into taker: inout T) throws(Failure) {
        try pourFixes(into: &taker)
        try pourRecords(into: &taker)
    }

    private func pourFixes<T: SegmentTaker & ~Copyable>(
        into taker: inout T
    ) throws(Failure) {
        var columns = ChunkColumns(capacity: Tail.limit)
        var fixes: [StoredFix] = []
        var arrivals: [UInt32] = []
        for (name, keys) in try ridersByName() {
            if isStopping() { throw .stopping }
            fixes.removeAll(keepingCapacity: true)
            arrivals.removeAll(keepingCapacity: true)
            for key in keys { _ = try load(key, &columns, &fixes, &arrivals) }
            Self.sort(&fixes, &arrivals)
            do {
                try fixes.withUnsafeBufferPointer { f throws(SegmentWriteError) in
                    try arrivals.withUnsafeBufferPointer { a throws(SegmentWriteError) in
                        try taker.add(rider: name, fixes: f, arrivals: a)
                    }
                }
            } catch {
                throw .segment(error)
            }
        }
    }

    /// Appends a chunk's fixes, which `columns` then hold alone; returns its bytes.
    func load(
        _ key: ChunkKey, _ columns: inout ChunkColumns, _ fixes: inout [StoredFix],
        _ arrivals: inout [UInt32]
    ) throws(Failure) -> Int {
        let bytes: [UInt8]?
        do {
            bytes = try database.get(.track, Keys.track(key))
        } catch {
            throw .store(error)
        }
        guard let bytes else {
            throw .store(.damaged("chunk of rider \(key.rider) at \(key.t0Ms) is missing"))
        }
        let failure = bytes.withUnsafeBytes { raw -> ChunkError? in
            do throws(ChunkError) {
                _ = try Chunk.decode(raw, into: &columns)
                return nil
            } catch {
                return error
            }
        }
        if let failure {
            throw .store(
                .damaged("chunk of rider \(key.rider) at \(key.t0Ms): \(failure.message)"))
        }
        columns.append(to: &fixes, arrivals: &arrivals)
        return bytes.count
    }

    /// Puts a rider's fixes in order of (time, arrival). Chunks come in order of their first fix,
    /// so without late fixes nothing has to be moved.
    static func sort(_ fixes: inout [StoredFix], _ arrivals: inout [UInt32]) {
        func isBefore(_ a: Int, _ b: Int) -> Bool {
            (fixes[a].fix.tsMs, arrivals[a]) < (fixes[b].fix.tsMs, arrivals[b])
        }
        if (1..<max(fixes.count, 1)).allSatisfy({ isBefore($0 - 1, $0) }) { return }
        let order = fixes.indices.sorted(by: isBefore)
        fixes = order.map { fixes[$0] }
        arrivals = order.map { arrivals[$0] }
    }

    /// The riders of the range in order of their names, each with its chunks.
    func ridersByName() throws(Failure) -> [(name: [UInt8], keys: [ChunkKey])] {
        var list: [(name: [UInt8], keys: [ChunkKey])] = []
        var rider: UInt32?
        do {
            let cursor = database.cursor(.ranges)
            cursor.seek(Keys.number(range))
            while try cursor.isValid(), let key = ChunkKey(rangesKey: cursor.key),
                key.range == range
            {
                if key.rider != rider {
                    rider = key.rider
                    list.append((riders.name(of: key.rider), []))
                }
                list[list.count - 1].keys.append(key)
                cursor.next()
            }
        } catch {
            throw .store(error)
        }
        return list.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    func losses() throws(Failure) -> [ClosedRange<UInt64>] {
        do {
            return try LossRows.all(database).filter {
                $0.lowerBound >= row.first && $0.upperBound <= row.last
            }
        } catch {
            throw .store(error)
        }
    }
}

/// Losses the operator accepted, as kept under `loss/<first>` in family `meta`.
enum LossRows {
    static func all(_ database: Database) throws(StoreError) -> [ClosedRange<UInt64>] {
        var list: [ClosedRange<UInt64>] = []
        let prefix = Array("loss/".utf8)
        let cursor = database.cursor(.meta)
        cursor.seek(prefix)
        while try cursor.isValid(), cursor.key.starts(with: prefix) {
            let row = try RangeRow(cursor.value)
            guard row.first <= row.last else { throw .damaged("an accepted loss cannot be read") }
            list.append(row.first...row.last)
            cursor.next()
        }
        return list
    }
}
