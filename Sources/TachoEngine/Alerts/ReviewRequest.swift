package import TachoGeo
import TachoStore

/// Something to be said about an alert.
package struct ReviewRequest: Sendable {
    package var id: AlertID
    package var state: AlertState
    /// UTF-8, within the bounds of `ReviewText`.
    package var actor: [UInt8]
    package var note: [UInt8]

    package init(id: AlertID, state: AlertState, actor: [UInt8], note: [UInt8] = []) {
        self.id = id
        self.state = state
        self.actor = actor
        self.note = note
    }
}

/// One entry of an alert's history, as it was said.
package struct AlertRecord: Sendable, Hashable {
    /// Its place in the history, from 0.
    package var step: Int
    package var state: AlertState
    /// The server's time, Unix ms.
    package var atMs: Int64
    package var actor: [UInt8]
    package var note: [UInt8]

    init(_ review: AlertReview) {
        step = Int(review.step)
        state = review.state
        atMs = review.atMs
        actor = review.actor
        note = review.note
    }
}

/// An alert with everything that was said about it, in order.
package struct AlertFile: Sendable, Hashable {
    package var alert: Alert
    package var history: [AlertRecord]
}

/// Why a review was not taken. Nothing of it is stored, but after `stopped` it may be.
package enum ReviewError: Error, Equatable, CustomStringConvertible, Sendable {
    case unknownAlert(AlertID)
    case notAllowed(AlertID, from: AlertState, to: AlertState)
    /// The alert's history is as long as it may be.
    case historyFull(AlertID)
    /// A name or note that cannot be kept.
    case text(String)
    case tryAgain(afterMs: Int, reason: String)
    case stopped(String)
    case damaged(String)

    package var description: String {
        switch self {
        case .unknownAlert(let id): "no alert has the id \(id.text), tacho alerts lists them"
        case .notAllowed(let id, let from, let to):
            "alert \(id.text) is \(from.name) and cannot become \(to.name), "
                + Self.choices(from.successors)
        case .historyFull(let id):
            "alert \(id.text) has \(ReviewDecision.maxSteps) reviews, no more are kept"
        case .text(let defect): defect
        case .tryAgain(let ms, let reason): "try again in \(ms) ms: \(reason)"
        case .stopped(let reason): "stopped: \(reason)"
        case .damaged(let what): "damaged data: \(what)"
        }
    }

    private static func choices(_ states: [AlertState]) -> String {
        states.isEmpty
            ? "that is its last state"
            : "only " + states.map(\.name).joined(separator: " or ")
    }
}

/// What follows from a request and the alert's history: a pure decision.
enum ReviewDecision {
    case append(PendingReview)
    /// The same was said last: a request that was sent again.
    case isThere(AlertReview)

    /// Reviews of one alert.
    static let maxSteps = 100

    static func of(
        _ request: ReviewRequest, alert: Alert, rider: UInt32, history: [AlertReview],
        nowMs: Int64
    ) throws(ReviewError) -> ReviewDecision {
        let before = ReviewSummary(history.map(\.state))
        if let last = history.last, last.state == request.state, last.actor == request.actor,
            last.note == request.note
        {
            return .isThere(last)
        }
        guard before.state.successors.contains(request.state) else {
            throw .notAllowed(request.id, from: before.state, to: request.state)
        }
        guard history.count < maxSteps else { throw .historyFull(request.id) }
        let review = AlertReview(
            alertMs: alert.id.ms, alertN: alert.id.n, step: UInt16(history.count), rider: rider,
            code: alert.code.rawValue, state: request.state, atMs: nowMs, actor: request.actor,
            note: request.note)
        return .append(PendingReview(review: review, before: before))
    }
}
