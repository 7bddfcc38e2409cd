import TachoWire

/// How a `TachoClient` is set up. The defaults suit a service with thousands of points a second.
public struct TachoClientConfiguration: Sendable {
    /// Addresses of one engine, `HOST:PORT`, tried in turn. Not several engines: points go to
    /// whichever answers.
    public var endpoints: [String]
    /// nil: nobody logs in.
    public var credentials: TachoCredentials?
    /// nil: no TLS.
    public var tls: TachoTLS?

    /// A batch leaves when it has so many points…
    public var maxBatchPoints = 2_000
    /// … or when its first point has waited so long, or at once when nothing else is on its way.
    public var maxBatchDelayMs = 2
    /// Batches on their way at a time. They need not wait for one another's commit.
    public var maxBatchesInFlight = 16
    /// Points taken and not answered, in memory. More of them wait in `append` and `submit`: the
    /// back-pressure. A point takes 40 to 170 bytes.
    public var maxPointsInFlight = 65_536
    /// A point that could not be delivered for so long is reported as `notDelivered`. nil: it is tried
    /// until the client is shut down. With a spool it is always nil.
    public var deliveryTimeoutMs: Int? = 60_000

    /// Connecting, TLS and login together take at most so long; of a subscription connecting and TLS,
    /// for its login is sent together with what it asks.
    public var connectTimeoutMs = 5_000
    /// Something was asked and not a byte has come for so long: the connection is half open, and is
    /// ended. A question has an answer within it, or an error; one that finds no connection also waits
    /// for the attempt at one.
    public var replyTimeoutMs = 10_000
    /// A connection that is silent so long is asked whether it is there. A subscription looks as often,
    /// and is ended when it has heard nothing for this and `replyTimeoutMs`: at the latest after twice
    /// this and `replyTimeoutMs`.
    public var pingIntervalMs = 15_000
    /// Between two rounds of the endpoints: doubled each time within these bounds, and of that a random
    /// part, so that a thousand clients do not come back in the same millisecond.
    public var minBackoffMs = 20
    public var maxBackoffMs = 5_000

    /// nil: what is not answered when this process dies is the caller's to send again.
    public var spool: SpoolConfiguration?
    /// Called with what became of points given to `submit`, and of those that an earlier life left in
    /// the spool, and of those that a full or damaged spool lost. On a thread that others wait for: hand it on and return.
    public var onDelivery: (@Sendable (Delivery) -> Void)?
    /// Called with what happens to the connection and the spool, for logs. Same thread.
    public var onEvent: (@Sendable (TachoClientEvent) -> Void)?
    /// Where figures go.
    public var metrics: any TachoClientMetrics = NoMetrics()
    /// As the tools log in: instead of `credentials` and `tls`.
    package var toolAccess: ServerAccess?
    /// For proofs only: what was on its way when a connection ended counts as stored.
    package var forgetsInFlight = false

    public init(endpoints: [String]) { self.endpoints = endpoints }
}

/// As whom a client logs in.
public struct TachoCredentials: Sendable {
    public var user: String
    public var password: String

    public init(user: String, password: String) {
        self.user = user
        self.password = password
    }
}

/// How a client speaks TLS. Files are PEM and are read again at each connection, so a renewed
/// certificate needs no restart.
public struct TachoTLS: Sendable {
    /// Whose signature makes the server's certificate good; nil: what the system trusts.
    public var authoritiesFile: String?
    /// The own certificate and its key without a passphrase, where the server asks for one.
    public var certificateFile: String?
    public var keyFile: String?

    public init(
        authoritiesFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil
    ) {
        self.authoritiesFile = authoritiesFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }

    var files: ClientTLS {
        var files = ClientTLS()
        files.authoritiesPath = authoritiesFile
        files.certificatePath = certificateFile
        files.keyPath = keyFile
        return files
    }
}

/// A directory in which points are kept until the server has them.
public struct SpoolConfiguration: Sendable {
    public enum Order: Sendable {
        /// As they were accepted: a rider's fixes arrive in order.
        case oldestFirst
        /// After a long outage riders are shown where they are now, and the backlog follows, its
        /// newest part first. The server judges late fixes between their neighbours in time.
        case newestFirst
    }

    public enum WhenFull: Sendable {
        /// `append` says that the point was not accepted.
        case refuse
        /// The oldest file goes; an event says how many points that were, `onDelivery` which.
        case dropOldest
    }

    /// Made if it is not there; of one client at a time.
    public var directory: String
    public var maxBytes: Int64 = 1 << 30
    /// Files that are kept because the server refused points of them, or a disk damaged them, take so
    /// much besides `maxBytes`; over it the oldest of them are removed, and an event names each.
    public var maxKeptBytes: Int64 = 256 << 20
    public var order = Order.oldestFirst
    public var whenFull = WhenFull.refuse
    /// A new file is begun behind so many bytes; a file is removed when all in it is answered.
    public var segmentBytes: Int64 = 4 << 20
    /// For proofs only: false leaves out the sync, and with it the promise.
    package var syncs = true

    public init(directory: String) { self.directory = directory }
}

/// Something that happened which a log should have.
public enum TachoClientEvent: Hashable, Sendable {
    case connected(endpoint: String)
    /// A connection, or the attempt at one, ended; the next attempt comes in `retryMs`.
    case disconnected(endpoint: String, reason: String, retryMs: Int)
    /// The server does not let this user in. What waits is refused, with a spool it is kept.
    case loginRefused(endpoint: String, reason: String)
    /// The server asked to wait.
    case overloaded(reason: String, retryMs: Int)
    /// The spool was full: this many points, the oldest, will not be delivered.
    case spoolDropped(points: Int)
    /// Bytes of a file of the spool are damaged; records around them were read.
    case spoolDamaged(file: String, bytes: Int)
    /// The server refused points of this file; it is kept under this name. When the reason is gone,
    /// rename it back.
    case spoolKept(file: String, reason: String)
    /// A file of the spool could not be written, read or removed.
    case spoolFailed(reason: String)
}

extension TachoClientConfiguration {
    /// A day, and a year: what is more is a mistake, and must not overflow where it is added up.
    static let longestMs = 86_400_000
    static let longestDeliveryMs = 31_536_000_000

    /// The first value that makes no sense.
    var defect: String? {
        func within(_ most: Int, _ value: Int, _ name: String, from least: Int = 1) -> String? {
            value >= least && value <= most ? nil : "\(name) must be \(least) to \(most)"
        }
        let longest = Self.longestMs
        if endpoints.isEmpty { return "no endpoint: name at least one HOST:PORT" }
        if let bad = endpoints.first(where: { ServerAddress($0) == nil }) {
            return "\(bad) is no endpoint: HOST:PORT expected, as in 127.0.0.1:7227"
        }
        if !(1...25_000).contains(maxBatchPoints) { return "maxBatchPoints must be 1 to 25000" }
        if !(1...256).contains(maxBatchesInFlight) { return "maxBatchesInFlight must be 1 to 256" }
        if let defect = spool.flatMap({ $0.defect(maxBatchPoints: maxBatchPoints) }) {
            return defect
        }
        if minBackoffMs > maxBackoffMs { return "minBackoffMs must be at most maxBackoffMs" }
        return within(longest, maxBatchDelayMs, "maxBatchDelayMs", from: 0)
            ?? within(1 << 40, maxPointsInFlight, "maxPointsInFlight")
            ?? within(longest, connectTimeoutMs, "connectTimeoutMs")
            ?? within(longest, replyTimeoutMs, "replyTimeoutMs")
            ?? within(longest, pingIntervalMs, "pingIntervalMs")
            ?? within(longest, minBackoffMs, "minBackoffMs")
            ?? within(longest, maxBackoffMs, "maxBackoffMs")
            ?? deliveryTimeoutMs.flatMap {
                within(Self.longestDeliveryMs, $0, "deliveryTimeoutMs")
            }
    }

    var addresses: [ServerAddress] { endpoints.compactMap { ServerAddress($0) } }

    var access: ServerAccess {
        if let toolAccess { return toolAccess }
        return ServerAccess(
            credentials: credentials.map {
                Credentials(user: $0.user, password: Array($0.password.utf8))
            },
            tls: tls?.files)
    }
}

extension SpoolConfiguration {
    /// Files are read whole when a spool is opened.
    private static let longestSegment: Int64 = 1 << 30

    fileprivate func defect(maxBatchPoints: Int) -> String? {
        if !(1 << 16...Self.longestSegment).contains(segmentBytes) {
            return "a spool's segmentBytes must be 65536 to \(Self.longestSegment)"
        }
        // A file takes records until it is that long, so the last one may stand out.
        let batch = min(WireLimits.maxPackedBytes, 12 + maxBatchPoints * OpenBatch.worstRowBytes)
        let record = Int64(SpoolFormat.recordHeaderBytes + batch)
        let least = segmentBytes + max(segmentBytes, Int64(SpoolFormat.headerBytes) + record)
        if maxBytes < least {
            return
                "a spool's maxBytes must be \(least) or more: two segments, or one and a batch of"
                + " maxBatchPoints"
        }
        return maxKeptBytes < 0 ? "a spool's maxKeptBytes must be 0 or more" : nil
    }
}
