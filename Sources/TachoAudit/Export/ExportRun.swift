import Dispatch
import Synchronization

/// The formats of an export.
package enum ExportFormat: String, Sendable, CaseIterable {
    case csv, ndjson, geojson, gpx, kml
}

/// Exports points of a directory of segments, by segment, block and index.
///
/// Two passes: names and amendments of all segments first (`ExportPlan`), then the points
/// (`ExportFeed`), decoding only blocks whose times can matter. Everything read is checked
/// (checksum, leaf, columns; ids and sequence intervals of the segments without gaps); the hashes
/// of whole files and the chain are `Verifier`'s. Memory: one segment's index, a few megabytes a
/// thread, and the amendments of the riders asked for.
package enum AuditExport {
    /// Writes to `output`, which the caller completes or drops. `progress` is told how many blocks
    /// of all segments are done, and how many there are; it is called on other threads, one at a
    /// time. The bytes do not depend on `threads`.
    package static func run(
        directory: String, query: ExportQuery, format: ExportFormat = .csv,
        to output: ExportOutput, threads: Int = defaultThreads,
        progress: @escaping @Sendable (UInt64, UInt64) -> Void = { _, _ in }
    ) throws(ExportError) -> ExportSummary {
        switch format {
        case .csv: try ExportRun<AuditCSV>(directory, query, output, progress).run(threads)
        case .ndjson: try ExportRun<AuditNDJSON>(directory, query, output, progress).run(threads)
        case .geojson: try ExportRun<AuditGeoJSON>(directory, query, output, progress).run(threads)
        case .gpx: try ExportRun<AuditGPX>(directory, query, output, progress).run(threads)
        case .kml: try ExportRun<AuditKML>(directory, query, output, progress).run(threads)
        }
    }

    /// Handing over is in order and hashes the text: more threads than this wait for each other.
    package static var defaultThreads: Int { min(4, SystemCores.count) }
}

/// One export. Threads take units in order, make text of them by themselves, and hand it over in
/// order: only whose turn it is touches `sink`, and `feed` is behind a lock.
private final class ExportRun<Format: AuditRowFormat & ~Copyable>: @unchecked Sendable {
    private let query: ExportQuery
    private let plan: ExportPlan
    private let turns = ExportTurns()
    private let feed: Mutex<ExportFeed>
    private var sink: ExportSink<Format>
    private var failure: ExportError?

    init(
        _ directory: String, _ question: ExportQuery, _ output: ExportOutput,
        _ progress: @escaping @Sendable (UInt64, UInt64) -> Void
    ) throws(ExportError) {
        var query = question
        // A partial file answers a question of so many segments, also if there are more by now.
        if query.asOf == nil && query.after == nil { query.asOf = output.resumed?.reached.asOf }
        plan = try ExportPlan(directory: directory, query: query)
        query.asOf = UInt64(plan.segments.count)
        sink = try ExportSink(plan, query, output, progress)
        // What a partial file holds already is not asked for again.
        if let resumed = sink.resumedAfter { query.after = resumed }
        self.query = query
        let feed = ExportFeed(plan, query)
        sink.blockCount = feed.blockCount
        self.feed = Mutex(feed)
    }

    func run(_ threads: Int) throws(ExportError) -> ExportSummary {
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in self.work() }
        do throws(ExportError) {
            if let failure { throw failure }
            return try sink.finish()
        } catch {
            throw error.leaving(sink.keepForResume() ? .partial : .nothing)
        }
    }

    private func work() {
        var writer = ExportUnitWriter<Format>(query: query)
        while let unit = feed.withLock({ $0.next() }) {
            do throws(ExportError) {
                guard try handOver(unit, &writer) else { break }
            } catch {
                // An error counts only if all before it went well: its turn has come or never will.
                if turns.wait(for: unit.number) { failure = error }
                turns.stop()
                return
            }
        }
    }

    /// Makes text of the unit and hands it over; false when nothing further is wanted.
    private func handOver(
        _ unit: ExportUnit, _ writer: inout ExportUnitWriter<Format>
    ) throws(ExportError) -> Bool {
        if let failure = unit.failure { throw failure }
        if !unit.isOrdered { try writer.write(unit, limit: .max) }
        guard turns.wait(for: unit.number) else { return false }
        if unit.isOrdered || writer.tally.rows > sink.rowsLeft {
            try writer.write(unit, limit: sink.rowsLeft)
        }
        try sink.take(writer.out, writer.tally, unit)
        guard !writer.tally.isCut else {
            turns.stop()
            return false
        }
        turns.advance()
        return true
    }
}
