import TachoAudit
import TachoCodec
import TachoGeo
import TachoStore

/// Puts references to a sealed segment in the place of its range's chunks, rider by rider.
///
/// A rider's chunks go and its references come in one batch. So whenever the process or the power
/// ends, and whichever view of the database a reader has, each fix is found in one of the two and
/// never in both; what was not reached is done by the next run. Before that all of the rider's fixes
/// are compared with the segment's, field by field.
struct RangeRetirement: ~Copyable {
    enum Failure: Error {
        case store(StoreError)
        case segment(SegmentError)
        /// The segment does not hold what the store does: nothing of the rider is touched.
        case differs(String)
        case stopping
    }

    private let content: RangeContent
    private let segment: SegmentReader
    private let target: any RowWriting
    private var rows: RowBatch
    private(set) var points: UInt64 = 0
    /// Of the chunks that went.
    private(set) var bytes: UInt64 = 0
    private var fixes: [StoredFix] = []
    private var arrivals: [UInt32] = []
    private var columns = ChunkColumns(capacity: Tail.limit)
    private var sealed = ChunkColumns(capacity: SegmentFormat.blockCapacity)
    private var buffer: [UInt8] = []

    /// Rows of whole riders that are written together.
    private static let rowsPerWrite = 4_096

    init(_ content: RangeContent, _ segment: SegmentReader, target: any RowWriting) {
        self.content = content
        self.segment = segment
        self.target = target
        rows = RowBatch(content.database)
    }

    /// Before the first chunk of a range goes: riders of the segment that the database has no chunks
    /// of would otherwise be called retired and be in no reference.
    static func check(
        _ content: RangeContent, hasAllOf segment: SegmentReader
    ) throws(Failure) {
        let count: Int
        do {
            count = try content.ridersByName().count
        } catch {
            throw failure(error)
        }
        guard count == segment.riderCount else {
            throw .differs(
                "it has fixes of \(segment.riderCount) riders, the database of \(count)")
        }
    }

    /// Cost: some 150 ns a fix. Rows are written, not synced.
    mutating func run() throws(Failure) {
        let riders: [(name: [UInt8], keys: [ChunkKey])]
        do {
            riders = try content.ridersByName()
        } catch {
            throw Self.failure(error)
        }
        for (name, keys) in riders {
            if content.isStopping() { throw .stopping }
            try retire(name, keys)
            if rows.count >= Self.rowsPerWrite { try write() }
        }
        try write()
    }

    /// Rows that only sealing the range again would need: the segment has what they say.
    mutating func dropRecords() throws(Failure) {
        do {
            let cursor = content.database.cursor(.amendLog)
            cursor.seek(Keys.number(content.range))
            while try cursor.isValid(), cursor.key.count == 24,
                KeyReader.u32(cursor.key, at: 0) == content.range
            {
                rows.delete(.amendLog, Array(cursor.key))
                if rows.count >= Self.rowsPerWrite { try target.write(rows, sync: false) }
                if rows.count >= Self.rowsPerWrite { rows = RowBatch(content.database) }
                cursor.next()
            }
        } catch {
            throw .store(error)
        }
        try write()
    }

    private mutating func write() throws(Failure) {
        guard rows.count > 0 else { return }
        do {
            try target.write(rows, sync: false)
        } catch {
            throw .store(error)
        }
        // Not cleared: who writes may keep it.
        rows = RowBatch(content.database)
    }

    private mutating func retire(_ name: [UInt8], _ keys: [ChunkKey]) throws(Failure) {
        let spanMs = try load(keys)
        guard let rider = segment.names.indexWithPoints(name) else { throw Self.differs(name) }
        var put: [PlacedReference] = []
        var place = 0
        for block in segment.blocks(ofRider: rider) {
            do {
                try segment.readFixes(block: block, buffer: &buffer, into: &sealed)
            } catch {
                throw .segment(error)
            }
            let (read, count, start) = (sealed.at, sealed.count, place)
            let isSame = fixes.withUnsafeBufferPointer { fixes in
                arrivals.withUnsafeBufferPointer {
                    read.holdsSame(count, as: fixes, $0, from: start)
                }
            }
            guard isSame else { throw Self.differs(name) }
            place += sealed.count
            try refer(to: block, of: keys[0], spanMs: spanMs, &put)
        }
        guard place == fixes.count else { throw Self.differs(name) }
        guard put.count <= Int(UInt16.max) else {
            throw .differs(
                "rider \(String(decoding: name, as: UTF8.self)) has fixes in it that lie so far apart that "
                    + "more than 65,535 references would be needed; shorter ranges have fewer "
                    + "(--range-seconds)")
        }
        for key in keys {
            rows.delete(.track, Keys.track(key))
            rows.delete(.ranges, Keys.ranges(key))
        }
        // Behind the deletions: one may have the key of a chunk.
        for one in put { one.put(to: rows) }
        points += UInt64(place)
    }

    /// Reads a rider's chunks in order of (time, arrival); returns how long the longest is, ms.
    private mutating func load(_ keys: [ChunkKey]) throws(Failure) -> Int64 {
        fixes.removeAll(keepingCapacity: true)
        arrivals.removeAll(keepingCapacity: true)
        var spanMs: Int64 = 0
        do {
            for key in keys {
                bytes += UInt64(try content.load(key, &columns, &fixes, &arrivals))
                spanMs = max(spanMs, columns.at.tsMs[columns.count - 1] - columns.at.tsMs[0])
            }
        } catch {
            throw Self.failure(error)
        }
        RangeContent.sort(&fixes, &arrivals)
        return spanMs
    }

    /// References to the block that was read.
    private borrowing func refer(
        to block: Int, of chunk: ChunkKey, spanMs: Int64, _ put: inout [PlacedReference]
    ) throws(Failure) {
        do throws(SegmentError) {
            let place = try segment.sealedBlock(block)
            PlacedReference.cut(
                place, sealed.at.tsMs, rider: chunk.rider, range: chunk.range, spanMs: spanMs,
                into: &put)
        } catch {
            throw .segment(error)
        }
    }

    private static func differs(_ name: [UInt8]) -> Failure {
        .differs("its fixes of rider \(String(decoding: name, as: UTF8.self)) are not those stored")
    }

    private static func failure(_ error: RangeContent.Failure) -> Failure {
        switch error {
        case .store(let error): .store(error)
        case .segment(let error): .differs(error.message)
        case .stopping: .stopping
        }
    }
}
