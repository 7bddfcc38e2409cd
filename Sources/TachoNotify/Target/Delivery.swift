package import TachoEngine
package import TachoGeo

/// Why an episode ended.
package enum EpisodeEnd: String, Hashable, Sendable {
    /// No alert of it came for as long as it takes.
    case quiet
    /// Somebody decided about its newest alert.
    case decided
    /// More episodes are open than are kept in mind: the one that would have ended next made room.
    case crowded
}

/// One thing that a target is told.
package enum DeliveryItem: Hashable, Sendable {
    /// An alert of the stream, and the episode that it opens or continues.
    case alert(Alert, Episode)
    /// An open episode, told again.
    case again(Episode)
    case resolved(Episode, atMs: Int64, EpisodeEnd)

    package var rider: [UInt8] {
        switch self {
        case .alert(let alert, _): alert.rider
        case .again(let episode), .resolved(let episode, _, _): episode.key.rider
        }
    }
}

/// What goes to a target in one request, in this order; sent again as it is until it is taken.
package struct Delivery: Hashable, Sendable {
    package var items: [DeliveryItem]
    /// The newest alert of the stream in it; nil: it has none.
    package var through: AlertID?
    /// How many alerts of the stream.
    package var alerts: Int
}

/// What came of a request.
package enum DeliveryOutcome: Hashable, Sendable {
    case delivered
    case failed(DeliveryFailure)
}

package struct DeliveryFailure: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// No connection, no answer in time, an answer cut short.
        case unreachable
        /// 408, 429, 5xx: it asks to come later.
        case later
        /// Any other answer: somebody has to mend something, here or there.
        case refused
    }

    package var kind: Kind
    /// Without anything that was sent.
    package var reason: String
    /// What the target asks for.
    package var retryAfterMs: Int64?

    package init(_ kind: Kind, _ reason: String, retryAfterMs: Int64? = nil) {
        self.kind = kind
        self.reason = reason
        self.retryAfterMs = retryAfterMs
    }
}

/// How long to wait before the same is sent again: twice as long each time up to a bound, less up to
/// half of it by chance, so that many senders do not come back as one.
struct Backoff: Sendable {
    static let firstMs: Int64 = 200
    static let mostMs: Int64 = 30_000

    private(set) var failures = 0
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func succeeded() { failures = 0 }

    mutating func failed(retryAfterMs: Int64?) -> Int64 {
        let full = min(Self.mostMs, Self.firstMs << Int64(min(failures, 10)))
        failures += 1
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        let wait = full - Int64(z % UInt64(full / 2 + 1))
        return min(Self.mostMs, max(wait, retryAfterMs ?? 0))
    }
}
