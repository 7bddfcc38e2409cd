package import TachoEngine
package import TachoGeo

/// What one target has been told, what it is told next and when: events in, actions out, no socket, no
/// clock, no database.
///
/// One request is on its way at a time, and what failed is sent again as it is before anything else:
/// that keeps the order of each rider's alerts, and all that a target is behind is one number. A target
/// that takes long for an answer therefore gets at most a request's worth of alerts in that time; the
/// others do not wait for it.
///
/// What was delivered is noted (`mark`) by whoever drives this, after it was: a kill repeats what was
/// not noted, and loses nothing. Which episodes are open is not kept but made again from the alerts
/// between `openFrom` and `delivered`.
package struct TargetMachine: Sendable {
    package struct Settings: Sendable {
        /// Alerts in one request; as many ends and reminders may come with them, half each.
        package var batch = 64
        package var resolveMs: Int64 = 300_000
        /// nil: open episodes are not told again.
        package var resendMs: Int64? = 60_000
        /// Beyond, the one that ends first is told to have ended.
        package var maxEpisodes = 65_536
        /// An alert that arrives so much later than it happened counts as new when it arrives: people
        /// are to hear of it, however soon it would have ended. No longer than half an episode's end.
        package var lateMs: Int64 = 10_000
        /// So much of the stream is looked at after a restart for episodes that are open.
        package var lookBackMs: Int64 = 86_400_000
        /// A fault for tests.
        package var notesBeforeDelivery = false

        package init() {}
    }

    package enum Action: Hashable, Sendable {
        /// Call `rebuilt` with alerts behind the first one up to the last.
        case rebuild(after: AlertID?, through: AlertID, limit: Int)
        /// Call `read` with alerts behind that one.
        case read(after: AlertID?, limit: Int)
        /// Call `answered` when it was.
        case send(Delivery)
        /// Nothing to do until then (Unix ms), or until there is news; nil: only news.
        case wait(untilMs: Int64?)
    }

    /// Reviews of alerts that are to be delivered yet, at most.
    private static let maxEarly = 4_096
    /// How long to wait for an alert that is known and cannot be read yet.
    private static let unreadableMs: Int64 = 5

    let settings: Settings
    private var marked: DeliveryMark
    private(set) var episodes = EpisodeBook()
    /// Read, and not in a request yet.
    private var waiting: [Alert] = []
    private(set) var inFlight: Delivery?
    private var isSent = false
    private(set) var backoff: Backoff
    private var notBeforeMs = Int64.min
    private var unreadableUntilMs = Int64.min
    /// When what was first seen behind everything known here became durable.
    private var behindSinceMs: Int64?
    /// Where making episodes again has come to; nil: it is done.
    private var rebuildFrom: AlertID?
    private static let rebuildPage = 1_024
    private var decidedEarly = Set<AlertID>()
    /// The target was away: Alertmanager may have forgotten what it knew.
    private var wasAway = false
    package private(set) var resolvedEarly = 0

    package init(_ settings: Settings, mark: DeliveryMark, seed: UInt64) {
        self.settings = settings
        marked = mark
        backoff = Backoff(seed: seed)
        if let from = mark.openFrom, let delivered = mark.delivered {
            let floor = AlertID(ms: max(0, delivered.ms - settings.lookBackMs), n: 0)
            rebuildFrom = max(from, floor)
        }
    }

    // MARK: What is known

    package var openEpisodes: Int { episodes.count }
    package var failures: Int { backoff.failures }

    /// The moment of the oldest alert that is known here and not delivered; if none was read, of the
    /// first that was seen behind what is known. nil: nothing is behind.
    package var oldestMs: Int64? {
        for case .alert(let alert, _) in inFlight?.items ?? [] { return alert.id.ms }
        return waiting.first?.id.ms ?? behindSinceMs
    }

    /// What was delivered. No more of the mark: it costs nothing.
    package var progress: (delivered: AlertID?, position: UInt64) {
        (marked.delivered, marked.position)
    }

    /// What was delivered, and what a restart has to know. Cost: a look at every open episode.
    package var mark: DeliveryMark {
        var mark = marked
        if settings.notesBeforeDelivery, let inFlight, let through = inFlight.through {
            mark.delivered = through
            mark.position += UInt64(inFlight.alerts)
        }
        if rebuildFrom != nil { return mark }
        var from = episodes.firstOfAll
        for case .resolved(let episode, _, _) in inFlight?.items ?? [] {
            from = min(from ?? episode.first, episode.first)
        }
        mark.openFrom = from.flatMap { first in
            mark.delivered.map { first <= $0 } == true ? first : nil
        }
        return mark
    }

    // MARK: Actions

    /// What to do now; `last` is the newest entry of the stream.
    package mutating func next(nowMs: Int64, last: AlertID?) -> Action {
        let isBehind = seesBehind(last)
        if let delivery = inFlight {
            if isSent { return .wait(untilMs: nil) }
            if isAhead(notBeforeMs, of: nowMs, atMost: Backoff.mostMs) {
                return .wait(untilMs: notBeforeMs)
            }
            isSent = true
            return .send(delivery)
        }
        if let from = rebuildFrom, let through = marked.delivered {
            return .rebuild(
                after: from.predecessor, through: through, limit: Self.rebuildPage)
        }
        if waiting.isEmpty && isBehind
            && !isAhead(unreadableUntilMs, of: nowMs, atMost: Self.unreadableMs)
        {
            return .read(after: marked.delivered, limit: settings.batch)
        }
        retellAfterSetBack(nowMs: nowMs)
        if let delivery = compose(nowMs: nowMs, isBehind: isBehind) {
            inFlight = delivery
            isSent = true
            return .send(delivery)
        }
        // An end that is due waits for what may put it off.
        let times = [
            isBehind ? unreadableUntilMs : episodes.nextDueMs(), episodes.nextAgainMs(),
        ]
        return .wait(untilMs: times.compactMap { $0 }.min())
    }

    /// Whether the stream has more than is known here.
    private mutating func seesBehind(_ last: AlertID?) -> Bool {
        let known = waiting.last?.id ?? inFlight?.through ?? marked.delivered
        guard let last, known.map({ $0 < last }) ?? true else {
            behindSinceMs = nil
            return false
        }
        behindSinceMs = behindSinceMs ?? last.ms
        return true
    }

    /// Whether a moment is to be waited for. One further away than it was ever set is of a clock that
    /// was set back since: it is now, or the target would hear nothing for as long.
    private func isAhead(_ ms: Int64, of nowMs: Int64, atMost: Int64) -> Bool {
        ms > nowMs && ms - nowMs <= atMost
    }

    /// The same of open episodes: none is told again later than that.
    private mutating func retellAfterSetBack(nowMs: Int64) {
        guard let resendMs = settings.resendMs, let nextMs = episodes.nextAgainMs(),
            nextMs > nowMs, !isAhead(nextMs, of: nowMs, atMost: resendMs)
        else { return }
        episodes.retellAll(atMs: nowMs)
    }

    private mutating func compose(nowMs: Int64, isBehind: Bool) -> Delivery? {
        var items: [DeliveryItem] = []
        let alerts = Array(waiting.prefix(settings.batch))
        waiting.removeFirst(alerts.count)
        for alert in alerts { add(alert, nowMs: nowMs, to: &items) }
        // What is not read yet is no older than what was: an episode that ended before that ended
        // whatever comes.
        let isWhole = !isBehind && waiting.isEmpty
        let settledMs = isWhole ? nowMs : min(nowMs, alerts.last?.id.ms ?? Int64.min)
        var room = max(1, settings.batch / 2)
        while room > 0, let episode = episodes.firstDue(upTo: settledMs) {
            end(episode, atMs: episode.dueMs, episode.isDecided ? .decided : .quiet, &items)
            room -= 1
        }
        if let resendMs = settings.resendMs {
            room = max(1, settings.batch / 2)
            while room > 0,
                let episode = episodes.takeAgain(upTo: nowMs, nextMs: nowMs + resendMs)
            {
                // It has ended, as far as anybody knows, and is about to be told so.
                if episode.dueMs <= nowMs { continue }
                items.append(.again(episode))
                room -= 1
            }
        }
        if items.isEmpty { return nil }
        return Delivery(items: items, through: alerts.last?.id, alerts: alerts.count)
    }

    private mutating func add(_ alert: Alert, nowMs: Int64, to items: inout [DeliveryItem]) {
        let key = EpisodeKey(alert)
        if let old = episodes.find(key), old.dueMs <= alert.id.ms {
            end(old, atMs: old.dueMs, old.isDecided ? .decided : .quiet, &items)
        }
        if episodes.find(key) == nil, episodes.count >= settings.maxEpisodes,
            let oldest = episodes.firstDue(upTo: Int64.max)
        {
            end(oldest, atMs: max(nowMs, oldest.startsAtMs), .crowded, &items)
            resolvedEarly += 1
        }
        let episode = extend(
            key, by: alert.id, atMs: isLate(alert, nowMs: nowMs) ? nowMs : alert.id.ms,
            againMs: nowMs)
        items.append(.alert(alert, episode))
        if decidedEarly.remove(alert.id) != nil {
            end(episode, atMs: max(nowMs, episode.startsAtMs), .decided, &items)
        }
    }

    private func isLate(_ alert: Alert, nowMs: Int64) -> Bool {
        nowMs - alert.id.ms > min(settings.lateMs, settings.resolveMs / 2)
    }

    private mutating func end(
        _ episode: Episode, atMs: Int64, _ why: EpisodeEnd, _ items: inout [DeliveryItem]
    ) {
        episodes.close(episode.key)
        items.append(.resolved(episode, atMs: atMs, why))
    }

    private mutating func extend(
        _ key: EpisodeKey, by id: AlertID, atMs: Int64, againMs: Int64
    ) -> Episode {
        let dueMs = atMs + settings.resolveMs
        let nextMs = againMs + (settings.resendMs ?? 0)
        if episodes.find(key) == nil {
            episodes.open(
                Episode(key: key, first: id, last: id, dueMs: dueMs, againMs: nextMs),
                isTold: settings.resendMs != nil)
        } else {
            episodes.change(key) { episode in
                episode.last = id
                episode.isDecided = false
                episode.dueMs = max(episode.dueMs, dueMs)
                episode.againMs = max(episode.againMs, nextMs)
            }
        }
        return episodes.find(key)!
    }

    // MARK: Events

    /// What a `read` found, in order; nothing: it cannot be read yet. `decided`: those of them about
    /// which somebody has decided already.
    package mutating func read(_ alerts: [Alert], decided: Set<AlertID> = [], nowMs: Int64) {
        precondition(waiting.isEmpty && inFlight == nil, "alerts that nobody asked for")
        unreadableUntilMs = alerts.isEmpty ? nowMs + Self.unreadableMs : Int64.min
        if !alerts.isEmpty { behindSinceMs = nil }
        waiting = alerts
        decidedEarly.formUnion(decided)
    }

    /// What a `rebuild` found, in order; fewer than its limit: these were the last.
    package mutating func rebuilt(
        _ alerts: [Alert], decided: Set<AlertID>, isLast: Bool, nowMs: Int64
    ) {
        guard let delivered = marked.delivered, rebuildFrom != nil else { return }
        for alert in alerts where alert.id <= delivered {
            let key = EpisodeKey(alert)
            let isLate = marked.lateThrough.map { alert.id <= $0 } ?? false
            let atMs = isLate ? max(alert.id.ms, marked.lateAtMs) : alert.id.ms
            // Its end was delivered before this alert was.
            if let old = episodes.find(key), old.dueMs <= alert.id.ms { episodes.close(key) }
            if episodes.find(key) == nil, episodes.count >= settings.maxEpisodes,
                let oldest = episodes.firstDue(upTo: Int64.max)
            {
                episodes.close(oldest.key)
            }
            _ = extend(key, by: alert.id, atMs: atMs, againMs: nowMs - (settings.resendMs ?? 0))
            if decided.contains(alert.id) {
                // Ended when it was decided, which may not have been delivered: told (again) at once.
                endNow(key, nowMs: nowMs)
            }
        }
        rebuildFrom = isLast ? nil : alerts.last?.id.successor
        if let from = rebuildFrom, from > delivered { rebuildFrom = nil }
    }

    private mutating func endNow(_ key: EpisodeKey, nowMs: Int64) {
        guard var episode = episodes.close(key) else { return }
        // Times of an open one may only become later: it is opened once more.
        episode.dueMs = max(episode.startsAtMs, min(episode.dueMs, nowMs))
        episode.isDecided = true
        episodes.open(episode, isTold: false)
    }

    /// What came of the request on its way.
    package mutating func answered(_ outcome: DeliveryOutcome, nowMs: Int64) {
        guard let delivery = inFlight, isSent else { preconditionFailure("nothing is on its way") }
        switch outcome {
        case .failed(let failure):
            isSent = false
            notBeforeMs = nowMs + backoff.failed(retryAfterMs: failure.retryAfterMs)
            if failure.kind == .unreachable { wasAway = true }
        case .delivered:
            inFlight = nil
            backoff.succeeded()
            notBeforeMs = Int64.min
            settle(delivery, nowMs: nowMs)
            if wasAway && settings.resendMs != nil { episodes.retellAll(atMs: nowMs) }
            wasAway = false
        }
    }

    private mutating func settle(_ delivery: Delivery, nowMs: Int64) {
        guard let through = delivery.through else { return }
        marked.delivered = through
        marked.position += UInt64(delivery.alerts)
        var areLate = false
        for case .alert(let alert, let episode) in delivery.items
        where isLate(alert, nowMs: nowMs) {
            areLate = true
            episodes.change(episode.key) { open in
                if open.isDecided { return }
                open.dueMs = max(open.dueMs, nowMs + settings.resolveMs)
            }
        }
        if areLate {
            marked.lateThrough = through
            marked.lateAtMs = nowMs
        }
    }

    /// Somebody said something about an alert.
    package mutating func reviewed(_ id: AlertID, _ state: AlertState, nowMs: Int64) {
        guard state.isDecision else {
            decidedEarly.remove(id)
            return
        }
        let sent = inFlight?.through ?? marked.delivered
        if let episode = episodes.holding(id) {
            endNow(episode.key, nowMs: nowMs)
        } else if sent.map({ id > $0 }) ?? true, decidedEarly.count < Self.maxEarly {
            decidedEarly.insert(id)
        }
    }
}

extension AlertID {
    /// The smallest id above this one.
    fileprivate var successor: AlertID {
        n < UInt32.max ? AlertID(ms: ms, n: n + 1) : AlertID(ms: ms + 1, n: 0)
    }

    /// The greatest below it; nil: there is none.
    fileprivate var predecessor: AlertID? {
        if n > 0 { return AlertID(ms: ms, n: n - 1) }
        return ms > 0 ? AlertID(ms: ms - 1, n: UInt32.max) : nil
    }
}
