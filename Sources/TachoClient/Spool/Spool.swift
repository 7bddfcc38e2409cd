import NIOCore
import TachoWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where a batch is in the spool.
struct SpoolPlace: Hashable, Sendable {
    var segment: UInt64
    var record: Int
}

/// Batches on disk until they are answered: files that are written from front to back, and removed
/// when all in them is settled.
///
/// Crash argument. A record is accepted when the sync behind it has returned. Nothing written, or a
/// part: the next start finds no sound record, or one with a wrong checksum, which nobody was
/// promised. All written, no sync returned: it may be found, and is delivered, which nobody minds.
/// Answers are not written down: what was answered in a file that is still there is sent again, and
/// the server finds duplicates. A file that comes back after its removal likewise.
///
/// Used by one thread.
final class Spool {
    private enum Stage {
        case pending
        /// Handed out, not answered.
        case out
        case settled
    }

    private struct Record {
        var offset: Int
        var length: Int
        var points: Int
        var parts: [Part]
        var stage = Stage.pending
        /// What was just written need not be read back.
        var cached: ByteBuffer?
    }

    private struct Segment {
        var number: UInt64
        var path: String
        var bytes: Int64
        var records: [Record] = []
        var pending = 0
        var unsettled = 0
        /// Where to look for pending records from either end.
        var firstPending = 0
        var lastPending = -1
        var isDamaged = false
        var refusal: String?
    }

    private let configuration: SpoolConfiguration
    /// nil: closed, and another may have the directory.
    private var lock: SpoolFile?
    /// By number; the last one is written to while `file` is open.
    private var segments: [Segment] = []
    private var file: SpoolFile?
    private var nextNumber: UInt64 = 0
    private var reading: SpoolFile?
    /// Points in `cached`.
    private var cachedPoints = 0
    private let maxCachedPoints: Int
    private(set) var bytes: Int64 = 0
    /// Points handed out or pending, and those pending alone.
    private(set) var unsettledPoints = 0
    private(set) var pendingPoints = 0
    private(set) var droppedPoints = 0
    /// What a log should have, for whoever owns this to tell.
    private(set) var events: [TachoClientEvent] = []

    private init(_ configuration: SpoolConfiguration, _ lock: SpoolFile, maxCachedPoints: Int) {
        self.configuration = configuration
        self.lock = lock
        self.maxCachedPoints = maxCachedPoints
    }

    // MARK: opening

    /// Takes over what an earlier life left. Cost: all of it is read once.
    static func open(
        _ configuration: SpoolConfiguration, maxCachedPoints: Int
    ) throws(SpoolError) -> Spool {
        let directory = configuration.directory
        try SpoolFile.makeDirectory(directory)
        guard let lock = try SpoolFile.lock(directory + "/lock") else {
            throw SpoolError(
                "the spool \(directory) is in use by another client: name another directory")
        }
        let spool = Spool(configuration, lock, maxCachedPoints: maxCachedPoints)
        for name in try SpoolFile.names(in: directory) {
            guard let number = SpoolFormat.number(fileName: name) else { continue }
            try spool.takeOver(directory + "/" + name, number)
        }
        return spool
    }

    private func takeOver(_ path: String, _ number: UInt64) throws(SpoolError) {
        nextNumber = max(nextNumber, number + 1)
        let file = try SpoolFile.reading(path)
        guard let size = file.size else { throw SpoolError("cannot read", path, errno) }
        let bytes = try file.read(at: 0, count: Int(size))
        let content: SpoolContent
        switch bytes.withUnsafeBytes({ SpoolContent.result($0, number: number) }) {
        case .success(let found): content = found
        case .failure(.tooShort), .failure(.empty):
            // The power went while it was begun: it has nothing.
            remove(path)
            return
        case .failure(let defect):
            throw SpoolError(
                "\(path) cannot be read: \(defect.message); move it away, or delete it and lose what"
                    + " is in it")
        }
        var segment = Segment(number: number, path: path, bytes: Int64(size))
        segment.records = content.records.map {
            let part = Part(listener: .recovered, start: 0, count: $0.points)
            return Record(
                offset: $0.offset, length: $0.length, points: $0.points, parts: [part])
        }
        segment.pending = segment.records.count
        segment.unsettled = segment.records.count
        segment.lastPending = segment.records.count - 1
        segment.isDamaged = content.damagedBytes > 0
        if segment.isDamaged {
            events.append(.spoolDamaged(file: path, bytes: content.damagedBytes))
        }
        let points = content.records.reduce(0) { $0 + $1.points }
        unsettledPoints += points
        pendingPoints += points
        self.bytes += segment.bytes
        segments.append(segment)
        if segment.records.isEmpty { retire(at: segments.count - 1) }
    }

    func takeEvents() -> [TachoClientEvent] {
        defer { events = [] }
        return events
    }

    // MARK: writing

    /// Writes batches and syncs. How many, from the front, are in the spool for good; the others are
    /// not, for the reason given.
    func write(_ batches: [Batch]) -> (accepted: Int, failure: String?) {
        var accepted = 0
        do throws(SpoolError) {
            while accepted < batches.count {
                accepted += try writeGroup(batches[accepted...])
            }
            return (accepted, nil)
        } catch {
            return (accepted, error.message)
        }
    }

    /// Those of the first batches that fit into the present file, in one write and one sync.
    private func writeGroup(_ batches: ArraySlice<Batch>) throws(SpoolError) -> Int {
        if file == nil || segments[segments.count - 1].bytes >= configuration.segmentBytes {
            try begin()
        }
        guard let file else { throw SpoolError("no file to write to") }
        let place = segments.count - 1
        let start = segments[place].bytes
        var out: [UInt8] = []
        var records: [Record] = []
        let nowMs = SpoolFile.nowMs()
        for batch in batches {
            if !out.isEmpty && start + Int64(out.count) >= configuration.segmentBytes { break }
            batch.payload.withUnsafeReadableBytes { payload in
                out += SpoolFormat.recordHeader(payload: payload, acceptedMs: nowMs)
                records.append(
                    Record(
                        offset: Int(start) + out.count, length: payload.count, points: batch.count,
                        parts: batch.parts.map { $0.ofSpool }))
                out += payload
            }
        }
        try makeRoom(for: Int64(out.count))
        do throws(SpoolError) {
            try file.write(out, at: start)
            if configuration.syncs { try file.sync() }
        } catch {
            // After a sync that failed nobody knows what is there: another file is begun. What of
            // this write is found later is delivered, though it was not accepted.
            _ = file.truncate(to: start)
            self.file = nil
            throw error
        }
        note(records, of: batches.prefix(records.count), bytes: Int64(out.count))
        return records.count
    }

    private func note(_ records: [Record], of batches: ArraySlice<Batch>, bytes written: Int64) {
        let place = segments.count - 1
        for (record, batch) in zip(records, batches) {
            var record = record
            if cachedPoints + batch.count <= maxCachedPoints {
                record.cached = batch.payload
                cachedPoints += batch.count
            }
            segments[place].records.append(record)
            unsettledPoints += batch.count
            pendingPoints += batch.count
        }
        segments[place].bytes += written
        segments[place].pending += records.count
        segments[place].unsettled += records.count
        segments[place].lastPending = segments[place].records.count - 1
        bytes += written
    }

    private func begin() throws(SpoolError) {
        file = nil
        retireSettled()
        let number = nextNumber
        let path = configuration.directory + "/" + SpoolFormat.fileName(number)
        let created = try SpoolFile.create(path)
        nextNumber += 1
        do throws(SpoolError) {
            let header = SpoolFormat.header(number: number, createdMs: SpoolFile.nowMs())
            try created.write(header, at: 0)
            try created.sync()
            try SpoolFile.syncDirectory(configuration.directory)
        } catch {
            remove(path)
            throw error
        }
        segments.append(
            Segment(number: number, path: path, bytes: Int64(SpoolFormat.headerBytes)))
        bytes += Int64(SpoolFormat.headerBytes)
        file = created
    }

    /// Over the bound the oldest files go, or nothing is accepted. A file that is being written to
    /// never goes.
    private func makeRoom(for needed: Int64) throws(SpoolError) {
        while bytes + needed > configuration.maxBytes {
            guard configuration.whenFull == .dropOldest, segments.count > 1 else {
                throw SpoolError(
                    "the spool \(configuration.directory) is full: \(bytes) of"
                        + " \(configuration.maxBytes) bytes wait for the server")
            }
            let lost = segments[0].records.reduce(0) {
                $0 + ($1.stage == .settled ? 0 : $1.points)
            }
            let waiting = segments[0].records.reduce(0) {
                $0 + ($1.stage == .pending ? $1.points : 0)
            }
            for record in segments[0].records where record.cached != nil {
                cachedPoints -= record.points
            }
            unsettledPoints -= lost
            pendingPoints -= waiting
            droppedPoints += lost
            if lost > 0 { events.append(.spoolDropped(points: lost)) }
            drop(at: 0)
        }
    }

    // MARK: handing out

    /// The next batch that waits; nil: none does, or its file cannot be read.
    func next() -> Batch? {
        let newest = configuration.order == .newestFirst
        let order = newest ? Array(segments.indices.reversed()) : Array(segments.indices)
        for at in order where segments[at].pending > 0 {
            let index = newest ? newestPending(at) : oldestPending(at)
            var record = segments[at].records[index]
            if record.cached != nil { cachedPoints -= record.points }
            guard let payload = record.cached ?? read(segments[at], record) else {
                // Looked for again by the next life. This one goes on with the others.
                leave(at, index)
                continue
            }
            segments[at].pending -= 1
            segments[at].records[index].stage = .out
            segments[at].records[index].cached = nil
            pendingPoints -= record.points
            var batch = Batch(
                number: 0, count: record.points, payload: payload, parts: record.parts,
                openedNs: ClientCore.nowNs())
            batch.record = SpoolPlace(segment: segments[at].number, record: index)
            record.cached = nil
            return batch
        }
        return nil
    }

    private func oldestPending(_ at: Int) -> Int {
        var index = segments[at].firstPending
        while segments[at].records[index].stage != .pending { index += 1 }
        segments[at].firstPending = index
        return index
    }

    private func newestPending(_ at: Int) -> Int {
        var index = segments[at].lastPending
        while segments[at].records[index].stage != .pending { index -= 1 }
        segments[at].lastPending = index
        return index
    }

    private func read(_ segment: Segment, _ record: Record) -> ByteBuffer? {
        do throws(SpoolError) {
            if reading?.path != segment.path {
                reading = try SpoolFile.reading(segment.path)
            }
            guard let reading else { return nil }
            let header = SpoolFormat.recordHeaderBytes
            let bytes = try reading.read(
                at: Int64(record.offset - header), count: header + record.length)
            let isSound = bytes.withUnsafeBytes { all in
                let payload = UnsafeRawBufferPointer(rebasing: all[header...])
                let acceptedMs = all.loadUnaligned(
                    fromByteOffset: SpoolFormat.Record.acceptedMs, as: Int64.self)
                return all[..<header].elementsEqual(
                    SpoolFormat.recordHeader(
                        payload: payload, acceptedMs: Int64(littleEndian: acceptedMs)))
            }
            guard isSound else {
                events.append(.spoolDamaged(file: segment.path, bytes: bytes.count))
                return nil
            }
            return ByteBuffer(bytes: bytes[header...])
        } catch {
            events.append(.spoolFailed(reason: error.message))
            return nil
        }
    }

    /// A record that cannot be read now: out of the way, and its file is kept.
    private func leave(_ at: Int, _ index: Int) {
        segments[at].pending -= 1
        segments[at].records[index].stage = .settled
        segments[at].records[index].cached = nil
        segments[at].unsettled -= 1
        segments[at].isDamaged = true
        pendingPoints -= segments[at].records[index].points
        unsettledPoints -= segments[at].records[index].points
    }

    // MARK: answers

    /// The server has it, or will not (`refusal`).
    func settle(_ place: SpoolPlace, refusal: String?) {
        // Its file may have been dropped meanwhile.
        guard let at = segments.firstIndex(where: { $0.number == place.segment }) else { return }
        guard segments[at].records[place.record].stage == .out else { return }
        segments[at].records[place.record].stage = .settled
        segments[at].unsettled -= 1
        unsettledPoints -= segments[at].records[place.record].points
        if let refusal, segments[at].refusal == nil { segments[at].refusal = refusal }
        let isWrittenTo = file != nil && at == segments.count - 1
        if segments[at].unsettled == 0, !isWrittenTo { retire(at: at) }
    }

    private func retireSettled() {
        for at in segments.indices.reversed() where segments[at].unsettled == 0 { retire(at: at) }
    }

    /// All in it is settled: it goes, or is kept under a name that nobody delivers.
    private func retire(at index: Int) {
        let segment = segments[index]
        guard segment.refusal != nil || segment.isDamaged else { return drop(at: index) }
        let kept = segment.path + (segment.isDamaged ? ".damaged" : ".refused")
        if rename(segment.path, kept) != 0 {
            events.append(
                .spoolFailed(
                    reason: SpoolError("cannot rename", segment.path, errno).message))
        } else {
            events.append(
                .spoolKept(file: kept, reason: segment.refusal ?? "bytes of it are damaged"))
        }
        forget(at: index)
    }

    private func drop(at index: Int) {
        remove(segments[index].path)
        forget(at: index)
    }

    private func forget(at index: Int) {
        if reading?.path == segments[index].path { reading = nil }
        bytes -= segments[index].bytes
        segments.remove(at: index)
    }

    private func remove(_ path: String) {
        if unlink(path) != 0, errno != ENOENT {
            events.append(.spoolFailed(reason: SpoolError("cannot remove", path, errno).message))
        }
    }

    /// Nothing is handed out any more; what is settled goes.
    func close() {
        file = nil
        reading = nil
        retireSettled()
        lock = nil
    }
}
