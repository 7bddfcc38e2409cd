import NIOCore
import TachoWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

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
    typealias Record = SpoolRecord
    typealias Segment = SpoolSegment

    let configuration: SpoolConfiguration
    /// nil: closed, and another may have the directory.
    private var lock: SpoolFile?
    /// By number; the last one is written to while `file` is open.
    var segments: [Segment] = []
    private var file: SpoolFile?
    private var nextNumber: UInt64 = 0
    var reading: SpoolFile?
    /// Points in `cached`.
    var cachedPoints = 0
    private let maxCachedPoints: Int
    private(set) var bytes: Int64 = 0
    /// Points handed out or pending, and those pending alone.
    var unsettledPoints = 0
    var pendingPoints = 0
    private(set) var droppedPoints = 0
    /// What a log should have, for whoever owns this to tell.
    var events: [TachoClientEvent] = []
    var losses: [SpoolLoss] = []
    private var kept: KeptFiles
    /// A file may be all settled by what was left of it.
    var hasLeft = false

    private init(_ configuration: SpoolConfiguration, _ lock: SpoolFile, maxCachedPoints: Int) {
        self.configuration = configuration
        self.lock = lock
        self.maxCachedPoints = maxCachedPoints
        kept = KeptFiles(maxBytes: configuration.maxKeptBytes)
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
        let names = try SpoolFile.names(in: directory)
        // Their numbers are taken: a file of the same one would be kept under the same name.
        for name in names {
            guard let number = SpoolFormat.number(keptName: name) else { continue }
            try spool.take(number, name)
            spool.kept.found(directory + "/" + name)
        }
        spool.trimKept()
        for name in names {
            guard let number = SpoolFormat.number(fileName: name) else { continue }
            try spool.takeOver(directory + "/" + name, number)
        }
        return spool
    }

    private func take(_ number: UInt64, _ name: String) throws(SpoolError) {
        guard number < UInt64.max else {
            throw SpoolError(
                "\(configuration.directory)/\(name) has the last number there is, which no client"
                    + " gives: move it away")
        }
        nextNumber = max(nextNumber, number + 1)
    }

    private func takeOver(_ path: String, _ number: UInt64) throws(SpoolError) {
        try take(number, SpoolFormat.fileName(number))
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
        segment.isOfEarlierLife = true
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

    /// Records that will not be delivered from here, for whoever owns this to tell.
    func takeLosses() -> [SpoolLoss] {
        defer { losses = [] }
        return losses
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
        var (out, records) = group(batches)
        let last = segments.count - 1
        let isSettled = segments[last].unsettled == 0 && !segments[last].records.isEmpty
        if isSettled, bytes + Int64(out.count) > configuration.maxBytes {
            // All in it is answered: it takes room for nothing.
            try begin()
            (out, records) = group(batches)
        }
        try makeRoom(for: Int64(out.count))
        // Behind the above: the oldest may have gone.
        guard let file else { throw SpoolError("no file to write to") }
        let start = segments[segments.count - 1].bytes
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

    /// Records of the first batches, as many as the present file takes, at least one.
    private func group(_ batches: ArraySlice<Batch>) -> (bytes: [UInt8], records: [Record]) {
        let start = segments[segments.count - 1].bytes
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
        return (out, records)
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
        guard number < UInt64.max else {
            throw SpoolError(
                "the spool \(configuration.directory) has no number left: name another directory")
        }
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
            // Those handed out are told of by their answer.
            for record in segments[0].records where record.stage == .pending {
                losses.append(
                    SpoolLoss(
                        parts: record.parts, points: record.points,
                        reason: "the spool was full, and the oldest were dropped",
                        mayBeStored: segments[0].isOfEarlierLife))
            }
            unsettledPoints -= lost
            pendingPoints -= waiting
            droppedPoints += lost
            if lost > 0 { events.append(.spoolDropped(points: lost)) }
            drop(at: 0)
        }
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

    func retireSettled() {
        hasLeft = false
        for at in segments.indices.reversed() where segments[at].unsettled == 0 {
            let isWrittenTo = file != nil && at == segments.count - 1
            if !isWrittenTo { retire(at: at) }
        }
    }

    /// All in it is settled: it goes, or is kept under a name that nobody delivers.
    private func retire(at index: Int) {
        let segment = segments[index]
        guard segment.refusal != nil || segment.isDamaged else { return drop(at: index) }
        let name = segment.path + (segment.isDamaged ? ".damaged" : ".refused")
        do throws(SpoolError) {
            try kept.keep(segment.path, as: name, bytes: segment.bytes)
            events.append(
                .spoolKept(file: name, reason: segment.refusal ?? "bytes of it are damaged"))
        } catch {
            events.append(.spoolFailed(reason: error.message))
        }
        forget(at: index)
        trimKept()
    }

    private func trimKept() {
        for path in kept.trim() {
            events.append(
                .spoolFailed(
                    reason: "\(path) is removed: files that are kept take more than"
                        + " \(configuration.maxKeptBytes) bytes (maxKeptBytes)"))
        }
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
