package import TachoClient
import TachoCodec
package import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What is imported and how.
package struct ImportOptions: Sendable {
    /// `-` is standard input.
    package var files: [String]
    /// Whose fixes a file holds that does not say.
    package var rider: [UInt8]?
    /// Of all files; nil: by their names, then by their first bytes.
    package var format: ImportFormat?
    /// Sets the vehicle class of every rider in the files.
    package var vehicle: VehicleClass?
    package var rejected: RejectedLines.Place
    /// Fixes stored at a time: about half a MiB as RESP, so that a commit is shared by many and a
    /// refusal repeats little.
    package var batchFixes = 4_096
    /// How long overload is waited out, from the last batch that was stored.
    package var patience = Duration.seconds(60)

    package init(files: [String], rejected: RejectedLines.Place) {
        self.files = files
        self.rejected = rejected
    }
}

/// What `--format` may say.
package enum ImportFormat: String, CaseIterable, Sendable {
    case csv, ndjson, gpx, plt

    var ofFile: FixFileFormat {
        switch self {
        case .csv: .csv
        case .ndjson: .ndjson
        case .gpx: .gpx
        case .plt: .plt
        }
    }
}

/// What an import did, also when it did not come to its end.
package struct ImportOutcome {
    package var summary = ImportSummary()
    package var seconds = 0.0
    /// Remarks on columns, as lines.
    package var warnings: [String] = []
    package var rejectedPaths: [String] = []
    /// Why it ended early; nil if all files were read to their end.
    package var failure: ToolFailure?
}

/// Reads files and stores their fixes, in order, each batch durable before the next is sent.
///
/// The next batch is read while one is being stored; more than one on its way would let a refused
/// batch overtake the following one, and a rider's order of delivery is part of what is stored.
package final class ImportJob {
    private let target: any Target
    private let options: ImportOptions
    private let shouldStop: () -> Bool
    private let nowMs: Int64
    private let rejected: RejectedLines
    private var outcome = ImportOutcome()
    private var progress: ProgressBar
    private var batch: FixBatch
    private var inFlight: (pending: PendingMasks, batch: FixBatch)?
    private var firstReason = ""
    private var lastStored = ContinuousClock.now

    /// `shouldStop` is asked between batches and pieces of a file.
    package init(
        target: any Target, options: ImportOptions, nowMs: Int64, totalBytes: Int?,
        shouldStop: @escaping () -> Bool
    ) {
        self.target = target
        self.options = options
        self.shouldStop = shouldStop
        self.nowMs = nowMs
        rejected = RejectedLines(options.rejected)
        progress = ProgressBar(totalBytes: totalBytes)
        batch = FixBatch(capacity: options.batchFixes)
        batch.vehicle = options.vehicle
    }

    /// Imports all files. What was stored before a failure stays stored and is in the summary.
    package func run(_ inputs: [InputFile]) -> ImportOutcome {
        let start = ContinuousClock.now
        do {
            var doneBytes = 0
            for (number, input) in inputs.enumerated() {
                try importFile(
                    input, doneBytes: &doneBytes, filesBehind: inputs.count - number - 1)
            }
        } catch is ImportStopped {
            outcome.failure = ToolFailure(
                ExitStatus.interrupted,
                "stopped; run the same import again to go on, what is stored counts as duplicate")
        } catch let failure as ToolFailure {
            outcome.failure = failure
        } catch {
            outcome.failure = ToolFailure(ExitStatus.error, "\(error)")
        }
        finishStoring()
        progress.clear()
        outcome.rejectedPaths = rejected.paths
        outcome.seconds = (ContinuousClock.now - start) / .seconds(1)
        let summary = outcome.summary
        if outcome.failure == nil && summary.read > 0 && summary.malformed == summary.read {
            outcome.failure = ToolFailure(
                ExitStatus.badData,
                "no valid fix in \(summary.read) line\(summary.read > 1 ? "s" : ""), the first: \(firstReason); all reasons are in "
                    + rejected.paths.joined(separator: ", "))
        }
        return outcome
    }

    private struct ImportStopped: Error {}

    private var validFixes: Int { outcome.summary.read - outcome.summary.malformed }

    private func importFile(
        _ input: InputFile, doneBytes: inout Int, filesBehind: Int
    ) throws {
        var reader = FixFileReader(
            format: options.format?.ofFile ?? FixFileFormat.named(input.path), rider: options.rider,
            stem: input.path == "-" ? [] : Array(input.stem.utf8))
        let gzip = GzipReader()
        var shownWarnings = 0
        var isLast = false
        let name = input.stem
        let validBefore = validFixes
        do {
            while !isLast {
                if shouldStop() { throw ImportStopped() }
                guard let piece = try input.next() else { continue }
                isLast = piece.isEmpty
                doneBytes += piece.count
                try gzip.feed(piece, isLast: isLast) { text in
                    try feed(&reader, text, isLast: false, name: name)
                }
                if isLast {
                    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                    try feed(&reader, nothing, isLast: true, name: name)
                }
                for warning in reader.warnings[shownWarnings...] {
                    outcome.warnings.append("\(input.path): \(warning)")
                }
                shownWarnings = reader.warnings.count
                progress.update(doneBytes: doneBytes, fixes: outcome.summary.read)
            }
        } catch let error as RiderNeeded {
            throw ToolFailure(ExitStatus.usage, "\(input.path): \(error.message)")
        } catch let error as any FixFileError {
            throw unreadable(
                input, error.message, validBefore: validBefore, filesBehind: filesBehind)
        } catch let error as GzipError {
            throw unreadable(
                input, error.message, validBefore: validBefore, filesBehind: filesBehind)
        }
        try flush()
        try settle()
        try rejected.finishInput()
    }

    /// Nothing valid so far is bad data; otherwise the import is incomplete, which is an error.
    private func unreadable(
        _ input: InputFile, _ reason: String, validBefore: Int, filesBehind: Int
    ) -> ToolFailure {
        do {
            try flush()
            try settle()
        } catch let failure as ToolFailure {
            return failure
        } catch {
            return ToolFailure(ExitStatus.error, "\(error)")
        }
        var message = "\(input.path): \(reason)"
        if validFixes > validBefore { message += "; the fixes before the damage are stored" }
        if filesBehind > 0 {
            message += "; \(filesBehind) more file\(filesBehind > 1 ? "s were" : " was") not read"
        }
        return ToolFailure(validFixes == 0 ? ExitStatus.badData : ExitStatus.error, message)
    }

    private func feed(
        _ reader: inout FixFileReader, _ text: UnsafeRawBufferPointer, isLast: Bool, name: String
    ) throws {
        try reader.feed(text, isLast: isLast) { try take($0, name: name) }
    }

    private func take(_ row: FixRecord, name: String) throws {
        if let reason = row.defect ?? RiderName.defect(row.rider) {
            return try reject(row, reason, name: name)
        }
        switch row.text.read() {
        case .failure(let reason): try reject(row, reason, name: name)
        case .success(let reading):
            batch.append(
                rider: row.rider, fix: reading.fix,
                provenance: reading.claimedRecvMs == nil ? .history : .claimed,
                claimedRecvMs: reading.claimedRecvMs ?? 0, fieldDropped: reading.fieldDropped)
            if batch.count == options.batchFixes { try flush() }
        }
    }

    private func reject(_ row: FixRecord, _ reason: Malformed, name: String) throws {
        outcome.summary.addMalformed()
        let text = row.reason(reason)
        if firstReason.isEmpty { firstReason = text }
        let cut = row.isCut ? " (only its first \(row.raw.count) bytes are kept)" : ""
        try rejected.append(
            name: name, nowMs: nowMs, line: row.line, reason: text + cut,
            raw: row.raw)
    }

    /// Sends the batch that was read, after the one before it is durable.
    private func flush() throws {
        try settle()
        guard batch.count > 0 else { return }
        inFlight = (target.store(batch), batch)
        batch = FixBatch(capacity: options.batchFixes)
        batch.vehicle = options.vehicle
        if shouldStop() { throw ImportStopped() }
    }

    /// Waits for the batch on its way; sends it again for as long as the store asks for patience.
    private func settle() throws {
        while let (pending, batch) = inFlight {
            switch pending.wait() {
            case .success(let masks):
                inFlight = nil
                outcome.summary.add(batch, masks: masks)
                lastStored = ContinuousClock.now
            case .failure(.failed(let failure)):
                inFlight = nil
                throw failure
            case .failure(.tryAgain(let afterMs, let reason)):
                inFlight = nil
                guard ContinuousClock.now - lastStored < options.patience, !shouldStop() else {
                    throw ToolFailure(
                        ExitStatus.tryAgain,
                        "the store stays busy (\(reason)); run the same import again later")
                }
                // A signal ends the wait early, which does no harm.
                usleep(UInt32(max(1, min(afterMs, 10_000))) * 1_000)
                inFlight = (target.store(batch), batch)
            }
        }
    }

    /// After a failure or a stop: the batch on its way still counts, the one being read is dropped.
    private func finishStoring() {
        do {
            try settle()
            try rejected.finishInput()
        } catch let failure as ToolFailure {
            if outcome.failure == nil { outcome.failure = failure }
        } catch {
            if outcome.failure == nil {
                outcome.failure = ToolFailure(ExitStatus.error, "\(error)")
            }
        }
    }
}
