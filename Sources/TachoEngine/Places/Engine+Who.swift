import Dispatch
import Synchronization
import TachoCodec
package import TachoGeo
import TachoStore

/// A rider's fixes in an area in a time.
package struct AreaVisit: Sendable, Hashable {
    package var rider: [UInt8]
    package var number: UInt32
    package var firstMs: Int64
    package var lastMs: Int64
    package var points: Int

    /// In the order of answers: by the first time, then by the rider's name.
    package static func < (a: AreaVisit, b: AreaVisit) -> Bool {
        a.firstMs != b.firstMs
            ? a.firstMs < b.firstMs : a.rider.lexicographicallyPrecedes(b.rider)
    }
}

/// A place among visits: behind the rider's, with its first time.
package struct VisitCursor: Sendable, Hashable {
    package var firstMs: Int64
    package var number: UInt32

    /// `MS-NUMBER`, as clients hand it back.
    package var text: String { "\(firstMs)-\(number)" }

    package init?(_ text: String) {
        guard let dash = text.lastIndex(of: "-"), dash > text.startIndex,
            let ms = Int64(text[..<dash]), let number = UInt32(text[text.index(after: dash)...])
        else { return nil }
        (firstMs, self.number) = (ms, number)
    }

    package init(_ visit: AreaVisit) { (firstMs, number) = (visit.firstMs, visit.number) }
}

package struct VisitPage: Sendable {
    package var visits: [AreaVisit]
    /// Where to go on; nil: these were all.
    package var next: VisitCursor?

    package init(visits: [AreaVisit], next: VisitCursor?) {
        self.visits = visits
        self.next = next
    }
}

extension Engine {
    /// A page of `who`, behind `after`: all of it is looked for each time.
    package func who(
        in area: Area, fromMs: Int64, toMs: Int64, after: VisitCursor?, limit: Int,
        isWanted: @escaping @Sendable () -> Bool = { true },
        completion: @escaping @Sendable (Result<VisitPage, ReadError>) -> Void
    ) {
        who(in: area, fromMs: fromMs, toMs: toMs, isWanted: isWanted) { [riders] result in
            completion(
                result.map { visits in
                    var rest = visits[...]
                    if let after {
                        let last = AreaVisit(
                            rider: riders.name(of: after.number), number: after.number,
                            firstMs: after.firstMs, lastMs: after.firstMs, points: 0)
                        rest = rest.drop { !(last < $0) }
                    }
                    let page = Array(rest.prefix(limit))
                    let next = page.count < rest.count ? page.last.map { VisitCursor($0) } : nil
                    return VisitPage(visits: page, next: next)
                })
        }
    }

    package func who(
        in area: Area, fromMs: Int64, toMs: Int64, after: VisitCursor?, limit: Int
    ) throws(ReadError) -> VisitPage {
        try waitFor {
            who(
                in: area, fromMs: fromMs, toMs: toMs, after: after, limit: limit, completion: $0)
        }
    }

    /// Who was in an area between two times, both included, as of all writes answered before the
    /// call: fixes of every effect, exact against the points. `completion` runs on a thread of the
    /// engine.
    ///
    /// Candidates come from tails, from rows of family `geo` that wait, and from those in the database,
    /// looked at in that order: what is coded meanwhile moves the same way and cannot slip by. Then the
    /// candidates' fixes of the time are read and measured.
    /// Cost: 10 ns for each rider there is and 1 ns for each row that waits, a step of a cursor for
    /// each row of the place and time and a seek where there is a gap, and some ten µs for each
    /// candidate. One question at a time; it is broken off when `isWanted` says no.
    package func who(
        in area: Area, fromMs: Int64, toMs: Int64,
        isWanted: @escaping @Sendable () -> Bool = { true },
        completion: @escaping @Sendable (Result<[AreaVisit], ReadError>) -> Void
    ) {
        if control.isClosing { return completion(.failure(.closed)) }
        guard control.beginQuestion(limit: options.maxQuestions) else {
            return completion(.failure(.tooManyQuestions(options.maxQuestions)))
        }
        let isTaken = whoThread.post { [self] in
            let result = Result { () throws(ReadError) in
                try visits(in: area, fromMs: fromMs, toMs: toMs, isWanted)
            }
            control.endQuestion()
            completion(result)
        }
        if isTaken { return }
        control.endQuestion()
        completion(.failure(.closed))
    }

    package func who(in area: Area, fromMs: Int64, toMs: Int64) throws(ReadError) -> [AreaVisit] {
        try waitFor { who(in: area, fromMs: fromMs, toMs: toMs, completion: $0) }
    }

    private func visits(
        in area: Area, fromMs: Int64, toMs: Int64, _ isWanted: @Sendable () -> Bool
    ) throws(ReadError) -> [AreaVisit] {
        try checkIsGoing(isWanted)
        let (from, to) = (max(fromMs, -Fix.timeLimitMs), min(toMs, Fix.timeLimitMs))
        guard from <= to else { return [] }
        var candidates: [UInt32]
        var changes: Int
        repeat {
            // What a reindexing takes out while rows are walked is looked for again.
            changes = geoPlan.withLock { $0.changes }
            candidates = try self.candidates(in: area, fromMs: from, toMs: to, isWanted)
        } while geoPlan.withLock { $0.changes } != changes
        var visits: [AreaVisit] = []
        for start in stride(from: 0, to: candidates.count, by: Self.candidatesAtOnce) {
            try checkIsGoing(isWanted)
            let some = candidates[start..<min(start + Self.candidatesAtOnce, candidates.count)]
            try measure(Array(some), area, from, to, into: &visits)
        }
        // What failed meanwhile may have taken rows with it.
        try checkIsGoing(isWanted)
        visits.sort(by: <)
        return visits
    }

    /// Who stops must not wait for all that was asked, and nobody for what is not wanted any more.
    private func checkIsGoing(_ isWanted: @Sendable () -> Bool) throws(ReadError) {
        if !isWanted() { throw .stopped("who asked is gone") }
        if let reason = control.failure { throw .stopped(reason) }
        if control.isClosing { throw .closed }
    }

    private static let candidatesAtOnce = 256
    private typealias AnswerTails = @Sendable (Result<TailAnswer, ReadError>) -> Void

    /// Ascending, each once.
    private func candidates(
        in area: Area, fromMs: Int64, toMs: Int64, _ isWanted: @Sendable () -> Bool
    ) throws(ReadError) -> [UInt32] {
        var found = Set<UInt32>()
        let question = TailQuestion(
            boxes: area.bounds.map { CoarseBox($0) }, fromMs: fromMs, toMs: toMs)
        for worker in workers {
            let answer = try waitFor { (completion: @escaping AnswerTails) in
                if !worker.post(.tails(question) { completion(.success($0)) }) {
                    completion(.failure(.closed))
                }
            }
            found.formUnion(answer.riders(question))
        }
        let search = GeoSearch(area, fromMs: fromMs, toMs: toMs, geoPlan.withLock { $0.plan })
        found.formUnion(
            try waitFor { completion in
                if !derived.ask(
                    .waitingPlaces { rows in
                        completion(.success(rows.filter { search.admits($0) }.map(\.rider)))
                    })
                {
                    completion(.failure(.closed))
                }
            })
        do throws(StoreError) {
            try search.forEachRider(store.database) {
                found.insert($0)
            } whileGoing: {
                !control.isClosing && isWanted()
            }
        } catch {
            throw .damaged("\(error)")
        }
        return found.sorted()
    }

    /// Counts the fixes that are inside.
    private func measure(
        _ candidates: [UInt32], _ area: Area, _ fromMs: Int64, _ toMs: Int64,
        into visits: inout [AreaVisit]
    ) throws(ReadError) {
        for (index, worker) in workers.enumerated() {
            let own = candidates.filter { Int($0) % workers.count == index }
            if own.isEmpty { continue }
            let share = try waitFor { copies(of: own, by: worker, $0) }
            let parts = min(own.count, Self.measuringThreads)
            let results = Mutex([Result<[AreaVisit], StoreError>]())
            // Where nothing of a day is in memory a block is waited for of each candidate.
            DispatchQueue.concurrentPerform(iterations: parts) { part in
                let places = own.count * part / parts..<own.count * (part + 1) / parts
                let result = Result { () throws(StoreError) in
                    try measure(places, of: own, share, area, fromMs, toMs)
                }
                results.withLock { $0.append(result) }
            }
            do throws(StoreError) {
                for result in results.withLock({ $0 }) { visits += try result.get() }
            } catch {
                throw ReadError(error)
            }
        }
    }

    /// So many candidates are read at once, at most: no more threads than cores take part.
    private static let measuringThreads = 4

    /// One thread's part of the riders.
    private func measure(
        _ places: Range<Int>, of riders: [UInt32], _ share: ScanShare, _ area: Area,
        _ fromMs: Int64, _ toMs: Int64
    ) throws(StoreError) -> [AreaVisit] {
        let boxes = area.bounds.map { CoarseBox($0) }
        let cursor = ChunkWalk(store.database, at: share.snapshot)
        var visits: [AreaVisit] = []
        for place in places {
            let rider = riders[place]
            var visit = AreaVisit(
                rider: [], number: rider, firstMs: .max, lastMs: .min, points: 0)
            try share.copies[place].withSource { source throws(StoreError) in
                var slices = TrackSlices(source: source, cursor: cursor)
                _ = try slices.forEach(fromMs: fromMs, toMs: toMs) { slice in
                    visit.count(slice, area, boxes)
                    return true
                }
            }
            guard visit.points > 0 else { continue }
            visit.rider = self.riders.name(of: rider)
            visits.append(visit)
        }
        return visits
    }
}

extension AreaVisit {
    fileprivate mutating func count(_ slice: TrackSlice, _ area: Area, _ boxes: [CoarseBox]) {
        for index in slice.range {
            let (latE7, lonE7) = (slice.columns.latE7[index], slice.columns.lonE7[index])
            guard boxes.contains(where: { $0.contains(latE7: latE7, lonE7: lonE7) }),
                area.contains(Coordinate(latE7: latE7, lonE7: lonE7))
            else { continue }
            let tsMs = slice.columns.tsMs[index]
            firstMs = min(firstMs, tsMs)
            lastMs = max(lastMs, tsMs)
            points += 1
        }
    }
}
