/// Every bound of the server beside those of a request (`WireLimits`). Crossing one is answered or
/// slows the client down; nothing is dropped silently.
package struct ServerLimits: Sendable {
    /// Connections at one time; one more is answered `-ERR max number of clients reached`.
    package var connections = 10_000
    /// Bytes waiting to be sent on one connection; beyond it the connection is closed.
    package var outputBytes = 8 << 20
    /// What may wait when a reply begins, with room to spare: the rest is for the reply.
    package var outputSoftBytes = 1 << 20
    /// From here on a connection is not read, and hears of no moves, until the client has taken some
    /// of its replies. Not more than the soft bound.
    package var outputMarkBytes = 1 << 16
    /// Bytes waiting to be sent on all connections that are above the mark; beyond it those with the
    /// most are closed.
    package var allOutputBytes = 256 << 20
    /// Fixes and other replies of one connection that wait for a commit; then it is not read.
    package var unansweredWrites = 65_536
    /// Fixes of consecutive writes that go to the engine in one batch.
    package var batchFixes = 8_192
    /// Input that is held while a connection waits for an answer of its own.
    package var heldInputBytes = 1 << 16
    /// Unfinished requests of all connections together. Their buffers grow by doubling and are given
    /// back late: with half of what a flood may cost in all, memory stays within 256 MiB of idle.
    package var inputBytes = 96 << 20
    /// Fixes of one T.RANGE with COUNT; a greater COUNT is cut there and gets a cursor.
    package var pageFixes = 28_800
    /// Fixes of one T.RANGE without COUNT; more is an error that asks for COUNT.
    package var rangeFixes = 65_536
    /// Trips, stops and gaps of one T.TRIPS or T.STOPS; a greater COUNT is cut there and gets a cursor,
    /// without COUNT more is an error that asks for it.
    package var tripRows = 16_384
    /// Legs of one T.DIST; a greater COUNT is cut there and gets a cursor, without COUNT more is an
    /// error that asks for it.
    package var legRows = 8_192
    /// Entries of one XRANGE or XREAD.
    package var streamEntries = 16_384
    /// Channels and patterns of one connection together.
    package var subscriptions = 10_000
    /// The same of all connections: 100 MiB, where names are as long as they may be.
    package var allSubscriptions = 262_144
    /// Bytes of a connection's patterns together: each rider that moves is held against all of them,
    /// and ten thousand connections keep them.
    package var patternBytes = 16 << 10
    /// Moves are told at most so often; a rider that moved twice in between is told of once.
    package var moveMs = 50
    /// What one listener is told at once; then it is the next one's turn.
    package var moveBytes = 1 << 16
    /// How long listeners are told of moves before the loop looks after everybody else.
    package var moveTurnMicroseconds: Int64 = 2_000
    /// Riders of one T.RISK, also without COUNT.
    package var riskRiders = 1_000
    /// Sessions of T.PUT whose last answer is remembered; the oldest is forgotten first.
    package var putSessions = 1_024
    /// Bytes of those answers.
    package var putSessionBytes = 4 << 20
    /// A request other than a write or a plain T.GET that takes so long is kept for SLOWLOG; below 0
    /// none is.
    package var slowMicroseconds: Int64 = 10_000
    /// Requests that SLOWLOG has; the oldest is forgotten first.
    package var slowEntries = 128
    /// A TLS handshake that takes longer is broken off.
    package var handshakeSeconds = 5
    /// Where users are configured: how long a client has to log in, and how much it is answered until
    /// then.
    package var loginSeconds = 5
    package var outputBytesBeforeLogin = 1_024
    /// A connection that has been silent so long is asked whether its client is still there, then four
    /// times more, each a quarter of that later; without an answer it is closed.
    package var keepAliveSeconds = 60
    /// How long memory that many clients left behind is kept before it is given back to the system.
    package var keptMemorySeconds = 5
    /// Connections of HTTP at one time; one more waits to be accepted.
    package var httpConnections = 256
    /// One of them that says nothing for so long is closed.
    package var httpIdleSeconds = 60
    /// Header lines of a request together; more is answered 400.
    package var httpHeaderBytes = 16 << 10
    /// How long a refused connection may go on sending before it is closed, so that its client
    /// can finish writing and read the error.
    package var discardSeconds = 2
    /// How long a clean stop waits for clients to take what was acknowledged.
    package var stopSeconds = 5

    /// Where a client's turn to be answered ends.
    var markBytes: Int { min(outputMarkBytes, outputSoftBytes) }

    /// Bytes of one reply: together with the soft bound it stays below the hard one.
    var replyBytes: Int { outputBytes - outputSoftBytes }

    package init() {}
}
