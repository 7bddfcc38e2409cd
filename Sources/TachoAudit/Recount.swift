import TachoCodec

/// The deep part of a check: decodes every block and counts again what others only state.
struct Recount: ~Copyable {
    private var fixes = ChunkColumns(capacity: SegmentFormat.blockCapacity)
    /// All arrivals of the rider so far.
    private var arrivals: [UInt32] = []
    private var rider = SegmentFormat.noRider
    private var last: (tsMs: Int64, arrival: UInt32)?
    private var tsBounds = TimeBounds()
    private var recvBounds = TimeBounds()

    mutating func add(
        _ raw: UnsafeRawBufferPointer, _ stored: StoredBlock, at location: BlockLocation,
        entry: BlockEntry?
    ) throws(SegmentError) {
        if stored.rider != rider {
            let isComplete = closeRider()
            rider = stored.rider
            guard isComplete else {
                throw location.error(
                    .blockOrder, "the rider before it lacks part of the delivery order", raw.count)
            }
        }
        try BlockContent.fixes(raw, count: stored.count, at: location, into: &fixes)
        let at = fixes.at
        var bounds = TimeBounds()
        for i in 0..<fixes.count {
            let key = (tsMs: at.tsMs[i], arrival: at.arrival[i])
            if let last, !(last < key) {
                throw location.error(.blockOrder, BlockContent.orderDetail(i), raw.count)
            }
            last = key
            bounds.add(key.tsMs)
            recvBounds.add(at.recvMs[i])
        }
        arrivals += UnsafeBufferPointer(start: at.arrival, count: fixes.count)
        tsBounds.add(bounds)
        if let entry, entry.tsBounds != bounds {
            throw location.error(.blockOrder, BlockContent.boundsDetail, raw.count)
        }
    }

    /// After the last block: what the header states about all of them.
    mutating func close(_ header: SegmentHeader) -> SegmentError? {
        guard closeRider() else {
            return SegmentError(.blockOrder, "the last rider lacks part of the delivery order")
        }
        guard tsBounds == header.tsBounds, recvBounds == header.recvBounds else {
            return SegmentError(
                .counts, "event or receipt times are not those of the header",
                bytes: 0..<UInt64(HeaderLayout.byteCount))
        }
        return nil
    }

    /// Whether the arrivals of the rider are 0…n−1, once each.
    private mutating func closeRider() -> Bool {
        defer {
            arrivals.removeAll(keepingCapacity: true)
            last = nil
        }
        return arrivals.withUnsafeBufferPointer(DeliveryOrder.isComplete)
    }
}
