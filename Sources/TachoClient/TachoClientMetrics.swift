/// Where a client's figures go. Each is called once a batch, or once a call of `append`, never once a
/// point of a batch, on threads that others wait for: count and return.
///
/// Every requirement has an empty default: implement what you show. With swift-metrics:
///
///     struct Shown: TachoClientMetrics {
///         let appended = Counter(label: "tacho_points_appended")
///         let trips = Timer(label: "tacho_round_trip")
///         func pointsAppended(_ count: Int) { appended.increment(by: count) }
///         func roundTrip(nanoseconds: UInt64, points: Int) {
///             trips.recordNanoseconds(Int64(nanoseconds))
///         }
///     }
public protocol TachoClientMetrics: Sendable {
    /// Taken by `append` or `submit`.
    func pointsAppended(_ count: Int)
    /// Answered as stored, `duplicates` among them.
    func pointsAcknowledged(_ count: Int, duplicates: Int)
    /// Malformed, refused or not delivered.
    func pointsFailed(_ count: Int)
    func batchSent(points: Int, bytes: Int, isResend: Bool)
    /// From sending a batch to its answer.
    func roundTrip(nanoseconds: UInt64, points: Int)
    /// Points in memory, taken and not answered.
    func pointsInFlight(_ count: Int)
    func connected(endpoint: String)
    func disconnected(endpoint: String)
    /// Bytes of all files of the spool, those that are kept not counted.
    func spoolBytes(_ bytes: Int64)
    func spoolSynced(nanoseconds: UInt64, points: Int)
}

extension TachoClientMetrics {
    public func pointsAppended(_ count: Int) {}
    public func pointsAcknowledged(_ count: Int, duplicates: Int) {}
    public func pointsFailed(_ count: Int) {}
    public func batchSent(points: Int, bytes: Int, isResend: Bool) {}
    public func roundTrip(nanoseconds: UInt64, points: Int) {}
    public func pointsInFlight(_ count: Int) {}
    public func connected(endpoint: String) {}
    public func disconnected(endpoint: String) {}
    public func spoolBytes(_ bytes: Int64) {}
    public func spoolSynced(nanoseconds: UInt64, points: Int) {}
}

/// Shows nothing; `TachoClient.statistics` counts all the same.
public struct NoMetrics: TachoClientMetrics {
    public init() {}
}

/// What a client has done since it began.
public struct TachoClientStatistics: Sendable {
    public internal(set) var pointsAppended = 0
    public internal(set) var pointsAcknowledged = 0
    /// Of those acknowledged.
    public internal(set) var pointsDuplicate = 0
    /// Malformed, refused or not delivered.
    public internal(set) var pointsFailed = 0
    /// Sent again, for the answer to an earlier sending never came or was "try again".
    public internal(set) var pointsResent = 0
    public internal(set) var batchesSent = 0
    /// Of packed batches, without what RESP adds.
    public internal(set) var bytesSent = 0
    /// Taken and not answered, in memory.
    public internal(set) var pointsInFlight = 0
    public internal(set) var connections = 0
    public internal(set) var spoolBytes: Int64 = 0
    /// In the spool and not answered.
    public internal(set) var spoolPoints = 0
    /// Dropped from a full spool.
    public internal(set) var spoolDropped = 0
    /// From sending a batch to its answer, counted once a batch.
    public internal(set) var roundTrips = LatencyHistogram()
}
