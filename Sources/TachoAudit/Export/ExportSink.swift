import TachoCodec
import TachoGeo

/// The end of an export that is in order: puts units one behind the other into the output, counts,
/// and notes from time to time how far it is.
struct ExportSink<Format: AuditRowFormat & ~Copyable> {
    private let output: ExportOutput
    private let limit: UInt64
    private let question: String
    private let progress: @Sendable (UInt64, UInt64) -> Void
    private var summary: ExportSummary
    private var lastGroup: RowGroup?
    /// Up to where everything is in the output.
    private var reached: ExportCursor
    /// Bytes of the output that belong to what is counted.
    private var settled: UInt64 = 0
    /// How far it was one unit ago: what came since makes room on a full disk.
    private var before: ExportState?
    private var saved = SavePoint()
    /// Where an export that was broken off is to go on.
    let resumedAfter: ExportCursor?
    /// For `progress`.
    var blockCount: UInt64 = 0

    /// Begins the document, or goes on with the one that was broken off.
    init(
        _ plan: ExportPlan, _ query: ExportQuery, _ output: ExportOutput,
        _ progress: @escaping @Sendable (UInt64, UInt64) -> Void
    ) throws(ExportError) {
        self.output = output
        self.progress = progress
        limit = query.limit ?? .max
        question = ExportQuestion.text(query, format: Format.name, plan)
        summary = ExportSummary()
        summary.segments = UInt64(plan.segments.count)
        summary.sources = plan.sources
        summary.unknownRiders = plan.unknownRiders.sorted { $0.lexicographicallyPrecedes($1) }
        if let state = output.resumed {
            guard state.question == question else {
                throw .resume(
                    "the partial file of \(output.path) answers another question, "
                        + "or segments changed; run without --resume to begin anew")
            }
            summary.rows = state.rows
            summary.tsBounds = state.tsBounds
            summary.recvBounds = state.recvBounds
            lastGroup = state.rider.map { RowGroup(rider: $0, segment: state.riderSegment) }
            reached = state.reached
            resumedAfter = state.reached
        } else {
            reached =
                query.after
                ?? ExportCursor(asOf: summary.segments, segment: 1, block: 0, index: 0)
            resumedAfter = nil
            var start = TextBuffer()
            Format.putStart(to: &start)
            try output.write(start.text)
        }
        settled = output.byteCount
    }

    var rowsLeft: UInt64 { limit - summary.rows }

    /// Puts a unit behind the ones before.
    mutating func take(
        _ text: borrowing TextBuffer, _ tally: UnitTally, _ unit: ExportUnit
    ) throws(ExportError) {
        before = summary.rows > 0 ? state : nil
        if let first = tally.firstGroup {
            var bytes = text.text
            if lastGroup == nil {
                let separator = Format.separator.utf8CodeUnitCount
                bytes = UnsafeRawBufferPointer(rebasing: bytes[separator...])
            }
            if lastGroup != first {
                var boundary = TextBuffer()
                Format.putBoundary(from: lastGroup, to: first, &boundary)
                try output.write(boundary.text)
            }
            try output.write(bytes)
            lastGroup = tally.lastGroup
            summary.rows += tally.rows
            summary.tsBounds.add(tally.tsBounds)
            summary.recvBounds.add(tally.recvBounds)
        }
        settled = output.byteCount
        let segment = unit.segment.header.interval.segmentID
        if tally.isCut {
            if tally.rows > 0 { advance(to: segment, tally.block, tally.index) }
            summary.cursor = reached
            return
        }
        if let last = unit.steps.last { advance(to: segment, last.block, last.count - 1) }
        if saved.isDue(output.byteCount) {
            try output.save(state)
            saved = SavePoint(at: output.byteCount)
        }
        progress(unit.blocksDone, blockCount)
    }

    /// Never back: units also read what was written before, to count fixes of amended times.
    private mutating func advance(to segment: UInt64, _ block: Int, _ index: Int) {
        let place = ExportCursor(
            asOf: summary.segments, segment: segment, block: block, index: index)
        reached = max(reached, place)
    }

    /// Ends the document.
    mutating func finish() throws(ExportError) -> ExportSummary {
        // Whatever fails from here on, the rows are not lost.
        output.hold(states)
        var end = TextBuffer()
        Format.putEnd(after: lastGroup, to: &end)
        try output.write(end.text)
        progress(blockCount, blockCount)
        return summary
    }

    /// After an error: what is in the output is kept, if the output can keep it; says whether.
    func keepForResume() -> Bool { output.keep(states) }

    private var states: [ExportState] {
        summary.rows > 0 ? [state] + (before.map { [$0] } ?? []) : []
    }

    private var state: ExportState {
        var state = ExportState(
            question: question, bytes: settled, rows: summary.rows, reached: reached)
        state.tsBounds = summary.tsBounds
        state.recvBounds = summary.recvBounds
        state.rider = lastGroup?.rider
        state.riderSegment = lastGroup?.segment ?? 0
        return state
    }
}

/// When to note how far an export is: after 64 MiB or 2 s, whatever comes first.
private struct SavePoint {
    private var bytes: UInt64 = 0
    private var seconds = SystemClock.monotonicSeconds

    init(at bytes: UInt64 = 0) { self.bytes = bytes }

    func isDue(_ now: UInt64) -> Bool {
        now - min(now, bytes) >= 64 << 20 || SystemClock.monotonicSeconds - seconds >= 2
    }
}
