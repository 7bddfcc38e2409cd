import Synchronization

/// How long writers wait, as the committer sees it.
///
/// The committer never waits for who looks: it tries the lock once a group, and while somebody reads
/// it notes in a copy of its own, which is added the next time. Nothing is allocated. Cost: a lock
/// nobody wants a group, some ns a part.
final class CommitTimes: @unchecked Sendable {
    struct Times: Sendable {
        /// From a batch's arrival until its fixes are on the device; a fix counts as one.
        var durable = LatencyHistogram()
        /// The same until latest shows them and subscribers are told.
        var published = LatencyHistogram()
        /// Writing and syncing a commit group.
        var commit = LatencyHistogram()

        mutating func add(_ other: Times) {
            durable.add(other.durable)
            published.add(other.published)
            commit.add(other.commit)
        }

        mutating func removeAll() {
            durable.removeAll()
            published.removeAll()
            commit.removeAll()
        }
    }

    /// When a group was begun, was on the device, and was seen by readers; of a clock that nobody
    /// sets, ns.
    struct Moments {
        var begunNs: UInt64
        var durableNs: UInt64
        var publishedNs: UInt64
    }

    private let shared = Mutex(Times())
    /// The committer's alone.
    private var missed = Times()
    private var hasMissed = false

    /// The committer's alone.
    func note(_ parts: [Part], _ moments: Moments) {
        let isNoted: Void? = shared.withLockIfAvailable { times in
            if hasMissed {
                times.add(missed)
                missed.removeAll()
                hasMissed = false
            }
            Self.note(parts, moments, &times)
        }
        if isNoted == nil {
            hasMissed = true
            Self.note(parts, moments, &missed)
        }
    }

    private static func note(_ parts: [Part], _ moments: Moments, _ times: inout Times) {
        times.commit.record(nanoseconds: moments.durableNs &- moments.begunNs, count: 1)
        for part in parts where part.points > 0 {
            guard let received = part.work?.receivedNs else { continue }
            times.durable.record(nanoseconds: moments.durableNs &- received, count: part.points)
            times.published.record(
                nanoseconds: moments.publishedNs &- received, count: part.points)
        }
    }

    var figures: CommitFigures {
        shared.withLock {
            CommitFigures(
                durable: $0.durable.figures, published: $0.published.figures,
                commit: $0.commit.figures)
        }
    }
}

/// How long writers waited since the start.
package struct CommitFigures: Sendable {
    package var durable: LatencyFigures
    package var published: LatencyFigures
    package var commit: LatencyFigures
}
