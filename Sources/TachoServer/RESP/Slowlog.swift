import NIOCore
package import TachoWire

/// The requests that took long, the newest `limit` of them. A value; lives on the event loop.
package struct Slowlog {
    package struct Entry: Equatable {
        /// Grows from entry to entry, also over a reset.
        package var id: Int64
        package var atMs: Int64
        package var microseconds: Int64
        package var arguments: ShownArguments
        package var address: String
        package var clientName: [UInt8]
    }

    private let limit: Int
    private var entries = CircularBuffer<Entry>()
    private var nextID: Int64 = 0

    package init(limit: Int) { self.limit = limit }

    package var count: Int { entries.count }
    /// Also those that were forgotten.
    package var total: Int { Int(nextID) }

    /// The oldest goes when there are more than the limit.
    package mutating func add(
        _ arguments: ShownArguments, microseconds: Int64, atMs: Int64, address: String,
        clientName: [UInt8]
    ) {
        let entry = Entry(
            id: nextID, atMs: atMs, microseconds: microseconds, arguments: arguments,
            address: address, clientName: clientName)
        nextID += 1
        entries.append(entry)
        while entries.count > limit { entries.removeFirst() }
    }

    /// The newest first.
    package func newest(_ count: Int?) -> [Entry] {
        entries.suffix(count ?? entries.count).reversed()
    }

    package mutating func removeAll() { entries.removeAll() }
}

/// A request whose answer has not come, for the slow log.
struct TimedRequest {
    private var arguments = ShownArguments()
    private var startNs: UInt64?

    mutating func start(_ arguments: Arguments, atNs: UInt64) {
        self.arguments.fill(arguments)
        startNs = atNs
    }

    /// nil: nothing was started.
    mutating func end() -> (arguments: ShownArguments, startNs: UInt64)? {
        guard let startNs else { return nil }
        self.startNs = nil
        return (arguments, startNs)
    }
}

extension ConnectionHandler {
    /// Runs what is no write, and notes it if it takes long: until its answer, where the engine
    /// gives that, but not while XREAD or XREADGROUP waits for entries. Cost: two looks at the clock, and for
    /// answers of the engine a copy of the arguments; plain T.GETs never come here.
    func runTimed(_ command: Command, _ arguments: Arguments) {
        let startNs = NIODeadline.now().uptimeNanoseconds
        run(command, arguments)
        if case .waitingForAnswer = state.phase {
            if blocked == nil && groupRead == nil { timed.start(arguments, atNs: startNs) }
        } else if let microseconds = slowMicroseconds(since: startNs) {
            var shown = ShownArguments()
            shown.fill(arguments)
            noteSlow(shown, microseconds)
        }
    }

    /// The answer of the engine is complete.
    func endTimed() {
        guard let request = timed.end(),
            let microseconds = slowMicroseconds(since: request.startNs)
        else { return }
        noteSlow(request.arguments, microseconds)
    }

    /// nil: that was quick.
    private func slowMicroseconds(since startNs: UInt64) -> Int64? {
        let threshold = service.slowMicroseconds
        guard threshold >= 0 else { return nil }
        let microseconds = Int64((NIODeadline.now().uptimeNanoseconds - startNs) / 1_000)
        return microseconds >= threshold ? microseconds : nil
    }

    private func noteSlow(_ arguments: ShownArguments, _ microseconds: Int64) {
        service.slowlog.add(
            arguments, microseconds: microseconds, atMs: service.nowMs(),
            address: session.address, clientName: session.name)
    }
}

extension ReplyWriter {
    /// [id, seconds, microseconds, [argument, …], address, name], as in Redis.
    mutating func slow(_ entries: [Slowlog.Entry]) {
        array(entries.count)
        for entry in entries {
            array(6)
            integer(entry.id)
            integer(entry.atMs / 1_000)
            integer(entry.microseconds)
            array(entry.arguments.count)
            for i in 0..<entry.arguments.count { bulk(entry.arguments[i]) }
            bulk(entry.address)
            bulk(entry.clientName)
        }
    }
}
