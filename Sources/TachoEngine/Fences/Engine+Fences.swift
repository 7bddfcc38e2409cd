package import TachoGeo
import TachoStore

/// A fence as it is shown.
package struct FenceShown: Hashable, Sendable {
    package var definition: FenceDefinition
    /// Riders inside now.
    package var inside: Int
    /// Entries of its stream.
    package var events: UInt64
}

/// An entry of a fence's stream.
package struct FenceNotice: Hashable, Sendable {
    package var id: AlertID
    package var kind: FenceEventKind
    /// nil: of the fence itself.
    package var rider: [UInt8]?
    /// Of the fix that decided, or the server's time for the fence itself.
    package var tsMs: Int64
    package var position: Coordinate
    /// When the stay began, by the time of its first fix.
    package var sinceMs: Int64
}

extension FenceNotice {
    init(_ event: FenceEvent, _ riders: RiderTable) {
        self.init(
            id: event.id, kind: event.kind, rider: event.rider.map { riders.name(of: $0) },
            tsMs: event.tsMs, position: Coordinate(latE7: event.latE7, lonE7: event.lonE7),
            sinceMs: event.sinceMs)
    }
}

/// A page of fences in the order of their ids; `next` is behind which to go on.
package struct FencePage: Hashable, Sendable {
    package var fences: [FenceShown]
    package var next: [UInt8]?
}

/// Why a change of a fence was not made.
package enum FenceRefusal: Error, Sendable {
    case area(AreaError)
    case invalid(FenceError)
    case tooMany(Int)
    case append(AppendError)
}

extension Engine {
    /// Fences that can be set at a time.
    package static let mostFences = 1_000_000

    /// Sets a fence, or changes it. `completion` runs on a thread of the engine, when it is durable and in
    /// force for every fix after it. Riders inside the area are told of with their next fix; where only
    /// times and what is detected change, who is inside stays inside.
    package func setFence(
        _ definition: FenceDefinition,
        completion: @escaping @Sendable (Result<Void, FenceRefusal>) -> Void
    ) {
        if let defect = definition.id.withUnsafeBytes({ RiderName.defect($0) }) {
            return completion(.failure(.invalid(.id(defect))))
        }
        var definition = definition
        let words = definition.areaText.split(separator: " ").map(String.init)
        do throws(AreaError) {
            let (_, taken) = try Area.read(words)
            guard taken == words.count else { throw .unknownShape(words[taken]) }
        } catch {
            return completion(.failure(.area(error)))
        }
        definition.areaText = Area.canonical(words).joined(separator: " ")
        let isFull = fences.book.state.with { book in
            book.live >= Self.mostFences && book.entries[definition.id]?.place == nil
        }
        if isFull { return completion(.failure(.tooMany(Self.mostFences))) }
        // Counts like a fix: the bounds of disk, journal and memory hold for fences too.
        if let refusal = control.admit(points: 1) {
            return completion(.failure(.append(refusal)))
        }
        change([.set(definition, atMs: options.nowMs())]) { [control] in
            control.done(points: 1)
            completion($0.mapError { .append($0) })
        }
    }

    /// Deletes a fence. False: there is none of that id. Also where memory is short, since it frees some.
    package func deleteFence(
        _ id: [UInt8], completion: @escaping @Sendable (Result<Bool, FenceRefusal>) -> Void
    ) {
        guard fences.book.state.with({ $0.entries[id]?.place }) != nil else {
            return completion(.success(false))
        }
        change([.delete(id: id, atMs: options.nowMs())]) { result in
            completion(result.map { true }.mapError { .append($0) })
        }
    }

    private func change(
        _ changes: [FenceChange],
        _ completion: @escaping @Sendable (Result<Void, AppendError>) -> Void
    ) {
        if control.isClosing { return completion(.failure(.stopped("the engine is closed"))) }
        let isTaken = commits.push(
            .fences(changes) { [control] in
                if let reason = control.failure {
                    completion(.failure(.stopped(reason)))
                } else {
                    completion(.success(()))
                }
            })
        if !isTaken { completion(.failure(.stopped("the engine is closed"))) }
    }

    package func setFence(_ definition: FenceDefinition) throws(FenceRefusal) {
        try waitForFence { setFence(definition, completion: $0) }
    }

    package func deleteFence(_ id: [UInt8]) throws(FenceRefusal) -> Bool {
        try waitForFence { deleteFence(id, completion: $0) }
    }

    private func waitForFence<R: Sendable>(
        _ start: (@escaping @Sendable (Result<R, FenceRefusal>) -> Void) -> Void
    ) throws(FenceRefusal) -> R {
        let answer = Monitor<Result<R, FenceRefusal>?>(nil)
        start { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    /// nil: there is none of that id. Memory only.
    package func fence(_ id: [UInt8]) -> FenceShown? {
        fences.book.state.with { $0.shown(id) }
    }

    /// Fences by id, behind `after`. `completion` runs on a thread of the engine. Cost: 1 µs a fence of the
    /// page; the first page after a change sorts all ids, 0.1 s for 100,000.
    package func fencePage(
        after: [UInt8]?, limit: Int,
        completion: @escaping @Sendable (Result<FencePage, ReadError>) -> Void
    ) {
        if control.isClosing { return completion(.failure(.closed)) }
        let isTaken = placesThread.post { [fences] in
            completion(.success(fences.book.page(after: after, limit: limit)))
        }
        if !isTaken { completion(.failure(.closed)) }
    }

    package func fencePage(after: [UInt8]?, limit: Int) throws(ReadError) -> FencePage {
        try waitFor { fencePage(after: after, limit: limit, completion: $0) }
    }

    /// Fences whose time has come, on the ticker's thread.
    func expireFences() {
        if control.isClosing { return }
        let nowMs = options.nowMs()
        let due = fences.book.takeDue(nowMs: nowMs, limit: 1_000)
        if due.isEmpty { return }
        commits.push(
            .fences(due.map { .expire(id: $0.id, expiresMs: $0.atMs, atMs: nowMs) }, {}))
    }

    // MARK: Streams

    /// Streams of fences on which something was told since the last call; from the first call on.
    package func takeFenceNews() -> Set<[UInt8]> {
        fences.book.state.with { book in
            book.wantsNews = true
            defer { book.news.removeAll(keepingCapacity: true) }
            return book.news
        }
    }

    /// Entries of the stream of a fence behind `after`, up to `through`, at most `limit`. Cost: a seek of the
    /// database, and 1 µs an entry.
    package func fenceEvents(
        _ id: [UInt8], after: AlertID?, through: AlertID?, limit: Int
    ) -> [FenceNotice] {
        readFences { reader throws(StoreError) in
            guard let stream = try reader.stream(id) else { return [] }
            return try reader.events(stream, after: after, through: through, limit: limit)
                .map { FenceNotice($0, riders) }
        } ?? []
    }

    /// How many entries the stream of a fence has, and the id of the last.
    package func fenceStream(_ id: [UInt8]) -> (events: Int, last: AlertID?) {
        let stream = readFences { reader throws(StoreError) in try reader.stream(id) } ?? nil
        return (Int(stream?.events ?? 0), stream?.lastID)
    }

    private func readFences<R>(_ body: (FenceReader) throws(StoreError) -> R) -> R? {
        // The database may be going: a stopped engine has no news.
        if control.isClosing { return nil }
        do throws(StoreError) {
            return try body(FenceReader(database: store.database, book: fences.book))
        } catch {
            control.fail(error.description)
            return nil
        }
    }

}

extension FenceBook {
    /// The ids are copied and sorted without the lock, which the thread of the fences needs.
    fileprivate func page(after: [UInt8]?, limit: Int) -> FencePage {
        let known = state.with { ($0.sorted, $0.sorted == nil ? Array($0.entries.keys) : []) }
        let ids = known.0 ?? known.1.sorted { $0.lexicographicallyPrecedes($1) }
        return state.with { book in
            if book.sorted == nil, known.0 == nil, book.entries.count == ids.count {
                book.sorted = ids
            }
            var low = 0
            if let after {
                var high = ids.count
                while low < high {
                    let middle = (low + high) / 2
                    if after.lexicographicallyPrecedes(ids[middle]) {
                        high = middle
                    } else {
                        low = middle + 1
                    }
                }
            }
            var page = FencePage(fences: [], next: nil)
            for id in ids[low...] {
                guard let shown = book.shown(id) else { continue }
                if page.fences.count == limit {
                    page.next = page.fences.last?.definition.id
                    break
                }
                page.fences.append(shown)
            }
            return page
        }
    }
}

extension FenceBook.State {
    func shown(_ id: [UInt8]) -> FenceShown? {
        guard let stream = stream(id), let live = stream.live else { return nil }
        return FenceShown(
            definition: live.definition, inside: inside(id), events: stream.events)
    }
}
