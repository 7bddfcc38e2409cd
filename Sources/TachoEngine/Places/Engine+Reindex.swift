import Synchronization
import TachoCodec
import TachoGeo
import TachoStore

/// What a reindexing did.
package struct ReindexReport: Hashable, Sendable {
    package var resolution: Int
    package var chunks = 0
    /// Stays of a chunk in a cell, written.
    package var rows = 0
    /// Keys from before, taken out.
    package var removed = 0
}

/// Why it was not done.
package enum ReindexError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A resolution that rows cannot have.
    case resolution(Int)
    /// One is under way.
    case busy
    case read(ReadError)

    package var description: String {
        switch self {
        case .resolution(let resolution):
            "resolution \(resolution): \(GeoPlan.resolutions.lowerBound) to "
                + "\(GeoPlan.resolutions.upperBound) expected"
        case .busy: "the index is being made again already: wait for its end"
        case .read(let error): "\(error)"
        }
    }
}

extension Engine {
    /// Makes all rows of family `geo` again from the chunks, at another resolution if one is given, and
    /// takes out all that were there before. Fixes are taken and questions answered meanwhile, from old
    /// rows and new ones; broken off by a kill or a close it is done again. `completion` runs on a
    /// thread of the engine; `progress` is told of the chunks that are done.
    /// Cost: some 50 ns a fix, on a thread that gives way to others.
    package func reindex(
        resolution: Int? = nil, progress: @escaping @Sendable (Int) -> Void = { _ in },
        completion: @escaping @Sendable (Result<ReindexReport, ReindexError>) -> Void
    ) {
        if control.isClosing { return completion(.failure(.read(.closed))) }
        if let resolution, !GeoPlan.resolutions.contains(resolution) {
            return completion(.failure(.resolution(resolution)))
        }
        guard control.beginReindex() else { return completion(.failure(.busy)) }
        let isTaken = rulesThread.post { [self] in
            let result = Result { () throws(ReindexError) in
                do throws(StoreError) {
                    return try rebuildPlaces(resolution, progress)
                } catch {
                    if control.isClosing { throw .read(.closed) }
                    switch error {
                    case .damaged, .segment: throw .read(ReadError(error))
                    case .io, .missing: throw .read(.stopped(error.description))
                    }
                }
            }
            control.endReindex()
            completion(result)
        }
        if isTaken { return }
        control.endReindex()
        completion(.failure(.read(.closed)))
    }

    package func reindex(
        resolution: Int? = nil, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(ReindexError) -> ReindexReport {
        let answer = Monitor<Result<ReindexReport, ReindexError>?>(nil)
        reindex(resolution: resolution, progress: progress) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    /// The resolution of cells, and whether there may be rows of others.
    package var geoResolution: (fine: Int, isMixed: Bool) {
        let plan = geoPlan.withLock { $0.plan }
        return (plan.fine, plan != plan.settled)
    }

    private func rebuildPlaces(
        _ resolution: Int?, _ progress: @Sendable (Int) -> Void
    ) throws(StoreError) -> ReindexReport {
        var plan = geoPlan.withLock { $0.plan }
        plan = plan.changed(to: resolution ?? plan.fine)
        // First on the device, then known to who looks, then to who writes.
        try plan.write(store.database)
        geoPlan.withLock { $0 = (plan, $0.changes + 1) }
        let (run, chunks) = try follow(plan)
        var report = ReindexReport(resolution: plan.fine)
        try writePlaces(plan, chunks, &report, progress)
        try removePlaces(before: run, &report)
        let settled = plan.settled
        try settled.write(store.database)
        geoPlan.withLock { $0 = (settled, $0.changes + 1) }
        return report
    }

    private typealias Turn = Result<(run: UInt32, chunks: Snapshot), StoreError>

    /// Until rows are made by the plan and all others are in the database: those before a run, of the
    /// chunks in the snapshot.
    private func follow(_ plan: GeoPlan) throws(StoreError) -> (run: UInt32, chunks: Snapshot) {
        let turn = Monitor<Turn?>(nil)
        let isTaken = derived.ask(
            .places(plan) { [store] in
                let result = Turn { () throws(StoreError) in
                    (try store.geoRuns.next(), store.database.snapshot())
                }
                turn.change { turn in
                    turn = result
                    return (true, ())
                }
            })
        guard isTaken else { throw .io("the engine is closed") }
        return try turn.wait { $0 }.get()
    }

    private func writePlaces(
        _ plan: GeoPlan, _ chunks: Snapshot, _ report: inout ReindexReport,
        _ progress: @Sendable (Int) -> Void
    ) throws(StoreError) {
        var places = PlaceGatherer(plan)
        let rows = RowBatch(store.database)
        func pour() throws(StoreError) {
            report.rows += places.count
            places.pour(into: rows, run: try store.geoRuns.next())
            try store.database.write(rows, sync: false)
            rows.clear()
            progress(report.chunks)
        }
        let scratch = ChunkScratch()
        let cursor = store.database.cursor(.track, at: chunks, readAheadBytes: 256 << 10)
        cursor.seekToFirst()
        while try cursor.isValid() {
            try checkIsOpen()
            guard let key = ChunkKey(trackKey: cursor.key) else {
                throw .damaged("a chunk's key cannot be read")
            }
            try scratch.decode(cursor.value, of: key, segments)
            places.add(scratch.decoded, of: key)
            report.chunks += 1
            if places.count >= PlaceGatherer.runLength { try pour() }
            cursor.next()
        }
        try pour()
    }

    private func removePlaces(
        before run: UInt32, _ report: inout ReindexReport
    ) throws(StoreError) {
        let rows = RowBatch(store.database)
        let cursor = store.database.cursor(.geo, readAheadBytes: 256 << 10)
        cursor.seekToFirst()
        while try cursor.isValid() {
            if GeoPage.run(ofKey: cursor.key).map({ $0 < run }) ?? true {
                rows.delete(.geo, Array(cursor.key))
                report.removed += 1
                if rows.count >= 65_536 {
                    try checkIsOpen()
                    try store.database.write(rows, sync: false)
                    rows.clear()
                }
            }
            cursor.next()
        }
        if rows.count > 0 { try store.database.write(rows, sync: true) }
    }

    private func checkIsOpen() throws(StoreError) {
        if control.isClosing { throw .io("the engine is closed") }
        if let reason = control.failure { throw .io(reason) }
        if let reason = control.diskRefusal { throw .io("\(reason); free some and begin again") }
    }
}
