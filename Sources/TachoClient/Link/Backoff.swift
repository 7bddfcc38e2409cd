/// How long to wait before which endpoint is tried: a value, without a clock.
///
/// The endpoints are tried in turn. A round of all of them costs no wait between them; between rounds
/// it is doubled from `minMs` to `maxMs`, and of that a random part from a half on is waited, so
/// that clients that lost their server in the same moment do not come back in the same moment.
struct Backoff: Sendable {
    let endpoints: Int
    let minMs: Int
    let maxMs: Int
    /// Attempts that failed since the last success.
    private(set) var failures = 0
    /// Which endpoint is tried next.
    private(set) var endpoint = 0
    private var random: UInt64

    init(endpoints: Int, minMs: Int, maxMs: Int, seed: UInt64) {
        precondition(endpoints > 0 && minMs > 0 && maxMs >= minMs)
        self.endpoints = endpoints
        self.minMs = minMs
        self.maxMs = maxMs
        random = seed
    }

    /// An attempt, or a connection, has ended: another endpoint is tried next. What to wait before.
    mutating func failed() -> Int {
        failures += 1
        endpoint = (endpoint + 1) % endpoints
        // Another address may serve at once.
        if failures % endpoints != 0 { return 0 }
        let round = failures / endpoints
        var boundMs = minMs
        for _ in 0..<min(round - 1, 32) where boundMs < maxMs { boundMs *= 2 }
        return jittered(min(boundMs, maxMs))
    }

    /// The server will not have this user: asking often would look like guessing passwords.
    mutating func loginRefused() -> Int {
        failures += 1
        endpoint = (endpoint + 1) % endpoints
        return jittered(maxMs)
    }

    /// The endpoint answered: when the connection ends the rounds begin anew.
    mutating func succeeded() { failures = 0 }

    private mutating func jittered(_ ms: Int) -> Int {
        // SplitMix64; wrap-around is meant.
        random &+= 0x9E37_79B9_7F4A_7C15
        var word = random
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        word ^= word >> 31
        return ms - Int(word % UInt64(ms / 2 + 1))
    }
}
