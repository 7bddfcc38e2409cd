import TachoGeo

/// Turns the columns of one block back into fixes. Bytes may be hostile.
struct BlockDecoder {
    private var reader: ColumnReader
    private var columns: ColumnDecoder
    private let count: Int

    init(_ bytes: UnsafeRawBufferPointer, count: Int) {
        reader = ColumnReader(bytes)
        columns = ColumnDecoder(count: count)
        self.count = count
    }

    /// Appends. On an error the arrays may have grown; the caller cuts them back.
    mutating func decode(
        fixes: inout [StoredFix], arrivals: inout [UInt32]
    ) throws(ColumnError) {
        try read(.time)
        columns.keepTimes()
        let start = fixes.count
        // Not before the first column is read: a wrong count costs nothing then.
        fixes.append(contentsOf: repeatElement(Self.blank, count: count))
        try fill(.time, &fixes, start) { $0.fix.tsMs = $1 }
        try all(.lat, &fixes, start) { $0.fix.latE7 = Int32(truncatingIfNeeded: $1) }
        try all(.lon, &fixes, start) { $0.fix.lonE7 = Int32(truncatingIfNeeded: $1) }
        try all(.speed, &fixes, start) { $0.fix.speedCms = Int32(truncatingIfNeeded: $1) }
        try all(.heading, &fixes, start) { $0.fix.headingCdeg = Int32(truncatingIfNeeded: $1) }
        try all(.accuracy, &fixes, start) { $0.fix.accuracyDm = Int32(truncatingIfNeeded: $1) }
        try all(.altitude, &fixes, start) { $0.fix.altitudeDm = Int32(truncatingIfNeeded: $1) }
        try all(.source, &fixes, start) {
            $0.fix.source = FixSource(rawValue: UInt8(truncatingIfNeeded: $1)) ?? .unknown
        }
        try all(.origin, &fixes, start) {
            guard let (provenance, vehicle) = FixParts.split(origin: $1) else { return }
            $0.provenance = provenance
            $0.vehicle = vehicle
        }
        try all(.receiveDelay, &fixes, start) {
            $0.recvMs = $0.fix.tsMs + $1 * StoredFix.receiptStepMs
        }
        try claimedReceipts(&fixes, start)
        try verdicts(&fixes, start)
        try arrivalOrder(&arrivals)
        guard reader.isAtEnd else { throw .trailingBytes }
    }

    private static let blank = StoredFix(
        fix: Fix(tsMs: 0, latE7: 0, lonE7: 0), provenance: .live, vehicle: .car,
        verdict: Verdict(), recvMs: 0, claimedRecvMs: 0)

    private mutating func read(_ column: Column) throws(ColumnError) {
        try columns.read(column, &reader)
    }

    /// Reads a column and hands each value, checked against the column's limits, to `set`.
    @inline(__always)
    private mutating func all(
        _ column: Column, _ fixes: inout [StoredFix], _ start: Int,
        _ set: (inout StoredFix, Int64) -> Void
    ) throws(ColumnError) {
        try read(column)
        try fill(column, &fixes, start, set)
    }

    @inline(__always)
    private func fill(
        _ column: Column, _ fixes: inout [StoredFix], _ start: Int,
        _ set: (inout StoredFix, Int64) -> Void
    ) throws(ColumnError) {
        let limits = column.limits
        if columns.present == 0 { return }
        var next = 0
        for i in 0..<count where columns.has(i) {
            let value = columns.values[next]
            next += 1
            guard limits.contains(value) else { throw .valueOutOfRange(column) }
            set(&fixes[start + i], value)
        }
    }

    /// Present exactly where the provenance says so.
    private mutating func claimedReceipts(
        _ fixes: inout [StoredFix], _ start: Int
    ) throws(ColumnError) {
        try read(.claimedReceipt)
        let limits = Column.claimedReceipt.limits
        var next = 0
        for i in 0..<count {
            let isClaimed = fixes[start + i].provenance == .claimed
            guard isClaimed == columns.has(i) else { throw .badPresence(.claimedReceipt) }
            if !isClaimed { continue }
            // Wrap-around is meant: the sum is checked.
            let claimed = columns.values[next] &+ fixes[start + i].fix.tsMs
            next += 1
            guard limits.contains(claimed) else { throw .valueOutOfRange(.claimedReceipt) }
            fixes[start + i].claimedRecvMs = claimed
        }
    }

    private mutating func verdicts(
        _ fixes: inout [StoredFix], _ start: Int
    ) throws(ColumnError) {
        reader.column = .verdict
        let size = try reader.varint()
        guard size > 0, size <= UInt64(count) else { throw .badDictionary }
        var distinct: [Verdict] = []
        for _ in 0..<size {
            let codes = try reader.varint()
            guard let verdict = FixParts.verdict(codes: codes, flags: try reader.byte()) else {
                throw .badDictionary
            }
            distinct.append(verdict)
        }
        guard distinct.count > 1 else {
            for i in start..<start + count { fixes[i].verdict = distinct[0] }
            return
        }
        try read(.verdict)
        for i in 0..<count {
            let number = columns.values[i]
            guard number >= 0 && number < distinct.count else { throw .valueOutOfRange(.verdict) }
            fixes[start + i].verdict = distinct[Int(number)]
        }
    }

    private mutating func arrivalOrder(_ arrivals: inout [UInt32]) throws(ColumnError) {
        try read(.arrival)
        let limits = Column.arrival.limits
        let start = arrivals.count
        arrivals.append(contentsOf: repeatElement(0, count: count))
        for i in 0..<count {
            // Wrap-around is meant: the sum is checked.
            let arrival = columns.values[i] &+ Int64(i)
            guard limits.contains(arrival) else { throw .valueOutOfRange(.arrival) }
            arrivals[start + i] = UInt32(arrival)
        }
    }
}
