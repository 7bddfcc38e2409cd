package import TachoGeo

/// A page of riders in the order in which they first appeared.
package struct RiderPage: Sendable {
    package var riders: [(name: [UInt8], state: RiderState)]
    /// Where the next page starts; nil: this was the last.
    package var next: UInt32?

    package init(riders: [(name: [UInt8], state: RiderState)], next: UInt32?) {
        self.riders = riders
        self.next = next
    }
}

extension Engine {
    /// Gives a rider another vehicle class: its fixes are judged by it from the next one on, also
    /// after a restart. A rider without fixes is made known. `completion` is called once it is
    /// durable, on a thread of the engine.
    package func setVehicle(
        _ vehicle: VehicleClass, rider name: [UInt8],
        completion: @escaping @Sendable (Result<Void, AppendError>) -> Void
    ) {
        if let refusal = control.admit(points: 0) { return completion(.failure(refusal)) }
        var numbers: [UInt32] = []
        name.withUnsafeBytes { name in riders.resolve(count: 1, { _ in name }, into: &numbers) }
        let work = BatchWork(
            batch: FixBatch(), numbers: [], receivedAtMs: options.nowMs(), parts: 1
        ) { completion($0.map { _ in }) }
        let worker = workers[Int(numbers[0]) % workers.count]
        if !worker.post(.vehicle(rider: numbers[0], vehicle, work)) {
            work.complete(.stopped("the engine is closed"))
        }
    }

    package func setVehicle(
        _ vehicle: VehicleClass, rider name: [UInt8]
    ) throws(AppendError) {
        let answer = Monitor<Result<Void, AppendError>?>(nil)
        setVehicle(vehicle, rider: name) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        try answer.wait { $0 }.get()
    }

    /// What is known of a rider, as of all writes answered before the call; nil: nobody has named
    /// it. `completion` runs on a thread of the engine.
    package func riderState(
        _ name: [UInt8],
        completion: @escaping @Sendable (Result<RiderState?, ReadError>) -> Void
    ) {
        guard let number = name.withUnsafeBytes({ riders.number(of: $0) }) else {
            return completion(.success(nil))
        }
        states(of: [number]) { completion($0.map { $0.first }) }
    }

    package func riderState(_ name: [UInt8]) throws(ReadError) -> RiderState? {
        try waitFor { riderState(name, completion: $0) }
    }

    /// At most `limit` riders from a place on, in the order in which they first appeared.
    /// Cost: a slot each, on the judging threads.
    package func riderPage(
        from first: UInt32, limit: Int,
        completion: @escaping @Sendable (Result<RiderPage, ReadError>) -> Void
    ) {
        let count = riders.count
        let start = min(Int(first), count)
        let end = min(start + limit, count)
        let names = riders
        states(of: (start..<end).map { UInt32($0) }) { result in
            completion(
                result.map { states in
                    RiderPage(
                        riders: states.map { (names.name(of: $0.number), $0) },
                        next: end < count ? UInt32(end) : nil)
                })
        }
    }

    package func riderPage(from first: UInt32, limit: Int) throws(ReadError) -> RiderPage {
        try waitFor { riderPage(from: first, limit: limit, completion: $0) }
    }

    /// Asks each judging thread for its riders; the answer is in order of numbers.
    private func states(
        of numbers: [UInt32],
        _ completion: @escaping @Sendable (Result<[RiderState], ReadError>) -> Void
    ) {
        let closed = ReadError.stopped("the engine is closed")
        if control.isClosing { return completion(.failure(closed)) }
        let gathered = Monitor((states: [RiderState](), open: workers.count))
        for (index, worker) in workers.enumerated() {
            let own = numbers.filter { Int($0) % workers.count == index }
            let isTaken = worker.post(
                .riders(own) { states in
                    let all = gathered.with { gathered -> [RiderState]? in
                        gathered.states += states
                        gathered.open -= 1
                        return gathered.open == 0 ? gathered.states : nil
                    }
                    if let all { completion(.success(all.sorted { $0.number < $1.number })) }
                })
            // The threads are stopped in this order: those that took the question before cannot
            // be the last to answer any more.
            if !isTaken { return completion(.failure(closed)) }
        }
    }
}
