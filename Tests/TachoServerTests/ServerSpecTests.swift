import FormatSpec
import TachoServer
import Testing

/// The server's bounds against section 10 of `format-spec.md`.
struct ServerSpecTests {
    @Test func `the bounds of the server are those of the page`() throws {
        let page = try SpecPage.wholeText()
        let limits = ServerLimits()
        let expected = [
            "unfinished requests of all connections, bytes": limits.inputBytes,
            "unanswered fixes of a connection": limits.unansweredWrites,
            "unsent replies of a connection, bytes": limits.outputMarkBytes,
            "unsent replies of a connection at most, bytes": limits.outputBytes,
            "unsent replies of all slow connections, bytes": limits.allOutputBytes,
            "seconds after which a silent connection is asked": limits.keepAliveSeconds,
            "sessions of T.PUT whose last reply is remembered": limits.putSessions,
            "bytes of those replies": limits.putSessionBytes,
            "connections": limits.connections,
            "bytes of the patterns of a connection": limits.patternBytes,
            "channels and patterns of a connection": limits.subscriptions,
            "channels and patterns of all connections": limits.allSubscriptions,
            "fixes of a T.RANGE without COUNT": limits.rangeFixes,
            "fixes of a page of T.RANGE with COUNT": limits.pageFixes,
            "rows of a T.TRIPS or T.STOPS": limits.tripRows,
            "entries of an XRANGE or XREAD": limits.streamEntries,
            "entries of an XREADGROUP or XAUTOCLAIM": limits.streamEntries,
            "legs of a T.DIST": limits.legRows,
            "riders of a T.RISK": limits.riskRiders,
            "microseconds from which SLOWLOG keeps a request": Int(limits.slowMicroseconds),
            "requests that SLOWLOG keeps": limits.slowEntries,
            "connections of HTTP": limits.httpConnections,
            "bytes of the header lines of a request of HTTP": limits.httpHeaderBytes,
            "seconds after which a silent connection of HTTP is closed": limits.httpIdleSeconds,
            "where there are users, before AUTH: bytes of replies": limits.outputBytesBeforeLogin,
            "where there are users, before AUTH: seconds": limits.loginSeconds,
        ]
        for (name, value) in expected {
            #expect(page.contains("| \(name) | \(value) |"), "\(name): \(value) is in the code")
        }
    }
}
