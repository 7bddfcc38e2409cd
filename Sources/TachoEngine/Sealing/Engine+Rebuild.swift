import TachoAudit
import TachoIngest
import TachoStore

/// Why a sealed segment was not made again. Its file, if there is one, is where and what it was.
package enum RebuildError: Error, Equatable, Sendable, CustomStringConvertible {
    case stopped(String)
    /// What it says is for a person to do.
    case refused(segment: UInt64, String)

    package var description: String {
        switch self {
        case .stopped(let reason): "stopped: \(reason)"
        case .refused(let segment, let what): "segment \(segment) is not made again: \(what)"
        }
    }

    package static func == (a: RebuildError, b: RebuildError) -> Bool {
        switch (a, b) {
        case (.stopped, .stopped), (.refused, .refused): true
        default: false
        }
    }
}

/// What became of a segment that was to be made again.
package struct RebuildReport: Sendable, Equatable {
    package var segment: UInt64
    package var points: UInt64
    /// 32 bytes, of the whole file: those it was sealed with.
    package var sha256: [UInt8]
    /// What was wrong with the file; nil: it is sound and was left alone.
    package var damage: String?
    /// Where the damaged file is kept, below `audit/`; nil: there was none.
    package var kept: String?
}

extension Engine {
    /// Makes the file of a sealed range again, byte for byte, where it is missing or damaged and the
    /// database still has the range's points. A sound file is left alone, and a damaged one is kept
    /// under `audit/damaged/`. `completion` runs on a thread of the engine, after what was sealed or
    /// retired before.
    ///
    /// Cost: the file read twice, as `scrub`, and what sealing costs, without its second pass: that
    /// the bytes are those that were sealed is shown by their SHA-256.
    package func rebuild(
        segment: UInt64,
        completion: @escaping @Sendable (Result<RebuildReport, RebuildError>) -> Void
    ) {
        let closed = RebuildError.stopped("the engine is closed")
        if control.isClosing { return completion(.failure(closed)) }
        let isTaken = sealerThread.post { [self] in
            completion(Result { () throws(RebuildError) in try rebuildNow(segment) })
        }
        if !isTaken { completion(.failure(closed)) }
    }

    package func rebuild(segment: UInt64) throws(RebuildError) -> RebuildReport {
        let answer = Monitor<Result<RebuildReport, RebuildError>?>(nil)
        rebuild(segment: segment) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    /// Runs on the sealing thread alone: no range is sealed meanwhile. One that is being retired has a row
    /// that says so, or still has to find its file sound.
    private func rebuildNow(_ segment: UInt64) throws(RebuildError) -> RebuildReport {
        if let reason = control.failure { throw .stopped(reason) }
        do throws(RangeRebuild.Failure) {
            let range = try sealedRange(segment)
            let (seal, previous) = try seals(range)
            let rebuild = RangeRebuild(
                range: range, seal: seal, folder: store.directory.auditPath,
                nowMs: options.nowMs(), atStep: options.atRebuildStep)
            rebuild.removeLeftover()
            let look = SegmentLook.at(
                rebuild.path, sealed: seal.sha256,
                isWanted: { [control] in !control.isClosing }, beforeOpen: options.beforeLook)
            if control.isClosing { throw .stopped("the engine is closed") }
            var report = RebuildReport(
                segment: segment, points: seal.points, sha256: seal.sha256, damage: nil, kept: nil)
            scrubber.note(range, look.state)
            switch look.state {
            case .sound: return report
            case .unread:
                throw .refused(
                    "its file could not be read: \(look.what); that says nothing of the segment: see to "
                        + "it, then ask again")
            case .damaged: break
            }
            let (content, interval) = try content(of: range, seal, previous)
            report.damage = look.what
            report.kept = try rebuild.run(content, interval)
            scrubber.note(range, .sound)
            options.onNotice(
                "\(look.what); it was made again from the database with the SHA-256 it was sealed "
                    + "with"
                    + (report.kept.map { "; the damaged file is kept as audit/\($0)" } ?? ""))
            return report
        } catch {
            throw failure(error, segment)
        }
    }

    private func failure(_ failure: RangeRebuild.Failure, _ segment: UInt64) -> RebuildError {
        switch failure {
        case .refused(let what): return .refused(segment: segment, what)
        case .stopped(let reason): return .stopped(reason)
        case .inputOutput(let what):
            // An I/O error is one like any other: nothing is acknowledged after it.
            control.fail("while segment \(segment) was made again: \(what)")
            return .stopped(what)
        }
    }

    private func sealedRange(_ segment: UInt64) throws(RangeRebuild.Failure) -> UInt32 {
        let last = sealTotals().lastRange
        guard segment > 0, segment <= UInt64(last), let range = UInt32(exactly: segment) else {
            throw .refused(
                last == 0
                    ? "no range is sealed yet" : "it is none of the sealed segments 1 to \(last)")
        }
        return range
    }

    private func row(_ key: [UInt8]) throws(RangeRebuild.Failure) -> [UInt8]? {
        do throws(StoreError) {
            return try store.database.get(.meta, key)
        } catch {
            throw .init(error)
        }
    }

    private func seal(_ range: UInt32) throws(RangeRebuild.Failure) -> SealRow? {
        guard let bytes = try row(Keys.seal(range)) else { return nil }
        let seal = bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try SealRow.read(raw) }
        }
        switch seal {
        case .success(let seal): return seal.state == .sealed ? seal : nil
        case .failure(let error): throw .init(error)
        }
    }

    /// The seal of a range, and the hash of the segment before it.
    private func seals(
        _ range: UInt32
    ) throws(RangeRebuild.Failure) -> (SealRow, previous: [UInt8]) {
        guard let seal = try seal(range) else {
            throw .refused(
                "the database has lost the note of its seal, so nobody could tell whether it is the "
                    + "same; check what is there with tacho-audit verify")
        }
        if range == 1 { return (seal, Digest.none) }
        guard let before = try self.seal(range - 1) else {
            throw .refused(
                "the database has lost the note of the seal of segment \(range - 1), which this one "
                    + "names; \(RangeRebuild.copy(seal))")
        }
        return (seal, before.sha256)
    }

    /// What the file is made of, if all of that is still in the database.
    private func content(
        of range: UInt32, _ seal: SealRow, _ previous: [UInt8]
    ) throws(RangeRebuild.Failure) -> (RangeContent, SegmentInterval) {
        if try row(Keys.retired(range)) != nil {
            throw .refused(
                "its range is retired, so its points are in that file alone; "
                    + RangeRebuild.copy(seal))
        }
        guard let bytes = try row(Keys.range(range)) else {
            throw .refused(
                "the database has no row of range \(range), so its points are in that file alone; "
                    + RangeRebuild.copy(seal))
        }
        let row = bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try RangeRow(raw) }
        }
        switch row {
        case .failure(let error): throw .init(error)
        case .success(let row):
            // In a row of an older program it is not noted: the damaged file may tell.
            let ruleSet = (try? self.ruleSet(of: range, row)) ?? RuleSet.version
            let interval = SegmentInterval(
                segmentID: UInt64(range), partition: 0, firstSequence: row.first,
                lastSequence: row.last, previousSHA256: previous, ruleSet: ruleSet)
            let content = RangeContent(
                range: range, row: row, ruleSet: ruleSet, database: store.database,
                riders: riders,
                isStopping: { [control] in control.isClosing })
            return (content, interval)
        }
    }
}
