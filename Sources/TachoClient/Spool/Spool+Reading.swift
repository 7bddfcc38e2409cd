import NIOCore

/// What a spool hands out.
extension Spool {
    /// A file that cannot be read is read again so much later, and after so many times the others are
    /// handed out before it: until then the order is kept.
    private static let readingPauseNs: UInt64 = 1_000_000_000
    private static let patientReadings = 5

    /// The next batch that waits; nil: none does, or its file cannot be read now.
    func next(nowNs: UInt64 = ClientCore.nowNs()) -> Batch? {
        let newest = configuration.order == .newestFirst
        let order = newest ? Array(segments.indices.reversed()) : Array(segments.indices)
        defer { if hasLeft { retireSettled() } }
        for at in order {
            while segments[at].pending > 0 {
                let index =
                    newest ? segments[at].newestPending() : segments[at].oldestPending()
                switch payload(at, index, nowNs) {
                case .payload(let payload): return handOut(at, index, payload)
                case .damaged: leave(at, index)
                case .notNow(let isPatient):
                    if isPatient { return nil }
                }
                // Only what was damaged makes room for the next of the same file.
                if segments[at].failedReadings > 0 { break }
            }
        }
        return nil
    }

    private func handOut(_ at: Int, _ index: Int, _ payload: ByteBuffer) -> Batch {
        let record = segments[at].records[index]
        if record.cached != nil { cachedPoints -= record.points }
        segments[at].pending -= 1
        segments[at].records[index].stage = .out
        segments[at].records[index].cached = nil
        pendingPoints -= record.points
        var batch = Batch(
            number: 0, count: record.points, payload: payload, parts: record.parts,
            openedNs: ClientCore.nowNs())
        batch.record = SpoolPlace(segment: segments[at].number, record: index)
        return batch
    }

    private enum Reading {
        case payload(ByteBuffer)
        /// It will never be read.
        case damaged
        /// `isPatient`: the others wait for it.
        case notNow(isPatient: Bool)
    }

    /// A record from memory or from its file. What fails for a moment (no descriptor is left, a device
    /// does not answer) is no damage: the record stays where it is.
    private func payload(_ at: Int, _ index: Int, _ nowNs: UInt64) -> Reading {
        let (segment, record) = (segments[at], segments[at].records[index])
        if let cached = record.cached { return .payload(cached) }
        let isPatient = segment.failedReadings < Self.patientReadings
        if segment.readAgainNs > nowNs { return .notNow(isPatient: isPatient) }
        do throws(SpoolError) {
            let payload = try read(segment, record)
            segments[at].failedReadings = 0
            segments[at].readAgainNs = 0
            guard let payload else { return .damaged }
            return .payload(payload)
        } catch {
            reading = nil
            if error.isLasting {
                segments[at].failedReadings = 0
                events.append(.spoolFailed(reason: error.message))
                return .damaged
            }
            if segment.failedReadings == 0 { events.append(.spoolFailed(reason: error.message)) }
            segments[at].failedReadings += 1
            segments[at].readAgainNs = nowNs + Self.readingPauseNs
            return .notNow(isPatient: isPatient)
        }
    }

    /// When a file that could not be read is to be read again; nil: all could be.
    var readAgainNs: UInt64? {
        segments.lazy.filter { $0.pending > 0 && $0.failedReadings > 0 }.map(\.readAgainNs).min()
    }

    /// nil: its checksum is wrong.
    private func read(_ segment: Segment, _ record: Record) throws(SpoolError) -> ByteBuffer? {
        if reading?.path != segment.path { reading = try SpoolFile.reading(segment.path) }
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
    }

    /// A record that is damaged: out of the way, and its file is kept.
    private func leave(_ at: Int, _ index: Int) {
        let record = segments[at].records[index]
        segments[at].pending -= 1
        segments[at].records[index].stage = .settled
        segments[at].unsettled -= 1
        segments[at].isDamaged = true
        pendingPoints -= record.points
        unsettledPoints -= record.points
        losses.append(
            SpoolLoss(
                parts: record.parts, points: record.points,
                reason: "its record in \(segments[at].path) is damaged",
                mayBeStored: segments[at].isOfEarlierLife))
        hasLeft = true
    }
}
