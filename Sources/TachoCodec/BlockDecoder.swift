import TachoGeo

/// Turns the bytes of one block back into columns. Bytes may be hostile.
struct BlockDecoder {
    private var reader: ColumnReader
    private var column: ColumnDecoder
    private let fixes: ColumnPointers
    /// For movements; free between two columns.
    private let reach: UnsafeMutablePointer<Int64>
    private let place: UnsafeMutablePointer<UInt64>
    private let waitingLat: UnsafeMutablePointer<UInt64>
    private let waitingLon: UnsafeMutablePointer<UInt64>
    private let count: Int

    /// `columns` has room for `count`; `bytes` may be empty only if it is refused for that.
    init(_ bytes: UnsafeRawBufferPointer, count: Int, _ columns: borrowing ChunkColumns) {
        precondition(count > 0 && count <= columns.capacity)
        fixes = columns.at
        (reach, place) = (columns.values, columns.places)
        (waitingLat, waitingLon) = (columns.waitingLat, columns.waitingLon)
        reader = ColumnReader(
            bytes.baseAddress == nil
                ? UnsafeRawBufferPointer(start: fixes.tsMs, count: 0) : bytes)
        column = ColumnDecoder(
            count: count, fixes: fixes, values: columns.values,
            residuals: columns.residuals,
            room: PatchRoom(places: columns.places, patches: columns.patches))
        self.count = count
    }

    mutating func decode() throws(ColumnError) {
        try all(.time, fixes.tsMs)
        let lat = try position(.lat, fixes.latE7, waiting: waitingLat)
        let lon = try position(.lon, fixes.lonE7, waiting: waitingLon)
        try optional(.speed, fixes.speedCms)
        try optional(.heading, fixes.headingCdeg)
        if lat != nil || lon != nil {
            let reports = Course.Reports(reach: reach, place: place)
            reports.fill(fixes, count: count)
            try lat?.undo(reports, count: count, into: fixes.latE7)
            try lon?.undo(reports, count: count, into: fixes.lonE7)
        }
        try optional(.accuracy, fixes.accuracyDm)
        try optional(.altitude, fixes.altitudeDm)
        try all(.source, fixes.source)
        try all(.origin, fixes.origin)
        try all(.receiveDelay, fixes.recvMs)
        for i in 0..<count {
            fixes.recvMs[i] = fixes.tsMs[i] &+ fixes.recvMs[i] &* StoredFix.receiptStepMs
        }
        try claimedReceipts()
        try verdicts()
        try arrivalOrder()
        guard reader.isAtEnd else { throw .trailingBytes }
    }

    /// All values read last are legal. One look a column: the sign bit of either difference is set
    /// for a value beyond, also where the difference wraps, as limits enclose 0.
    private func check(_ name: Column) throws(ColumnError) {
        let (low, high) = (name.limits.lowerBound, name.limits.upperBound)
        var beyond: Int64 = 0
        if column.isConstant {
            beyond = (column.base &- low) | (high &- column.base)
        } else {
            for i in 0..<column.present {
                beyond |= (column.values[i] &- low) | (high &- column.values[i])
            }
        }
        guard beyond >= 0 else { throw .valueOutOfRange(name) }
    }

    /// Reads a column every fix has.
    @inline(__always)
    private mutating func all<T: FixedWidthInteger>(
        _ name: Column, _ target: UnsafeMutablePointer<T>
    ) throws(ColumnError) {
        try column.read(name, &reader)
        try check(name)
        store(target)
    }

    /// Reads latitudes or longitudes; what is given back is to be undone behind the headings.
    private mutating func position(
        _ name: Column, _ target: UnsafeMutablePointer<Int32>,
        waiting: UnsafeMutablePointer<UInt64>
    ) throws(ColumnError) -> DeferredCourse? {
        try column.read(name, &reader)
        if column.codec == .course {
            return try column.readCourse(&reader, residuals: waiting)
        }
        try check(name)
        store(target)
        return nil
    }

    @inline(__always)
    private func store<T: FixedWidthInteger>(_ target: UnsafeMutablePointer<T>) {
        if column.isConstant {
            let value = T(truncatingIfNeeded: column.base)
            for i in 0..<count { target[i] = value }
        } else {
            let values = column.values
            for i in 0..<count { target[i] = T(truncatingIfNeeded: values[i]) }
        }
    }

    /// Reads a column some fixes have.
    private mutating func optional(
        _ name: Column, _ target: UnsafeMutablePointer<Int32>
    ) throws(ColumnError) {
        try column.read(name, &reader)
        if column.present == 0 {
            for i in 0..<count { target[i] = Fix.absent }
            return
        }
        try check(name)
        if column.present == count { return store(target) }
        var next = 0
        for i in 0..<count {
            let has = column.has(i)
            // Beyond the last value there is room: read, not used.
            target[i] = has ? Int32(truncatingIfNeeded: column.value(next)) : Fix.absent
            next &+= has ? 1 : 0
        }
    }

    /// Present exactly where the provenance says so.
    private mutating func claimedReceipts() throws(ColumnError) {
        try column.read(.claimedReceipt, &reader)
        let limits = Column.claimedReceipt.limits
        var next = 0
        for i in 0..<count {
            let isClaimed = fixes.origin[i] >= ColumnPointers.firstClaimedOrigin
            let has = column.present == count || column.present > 0 && column.has(i)
            guard isClaimed == has else { throw .badPresence(.claimedReceipt) }
            fixes.claimedRecvMs[i] = 0
            if !has { continue }
            // Wrap-around is meant: the sum is checked.
            let claimed = column.value(next) &+ fixes.tsMs[i]
            next += 1
            guard limits.contains(claimed) else { throw .valueOutOfRange(.claimedReceipt) }
            fixes.claimedRecvMs[i] = claimed
        }
    }

    private mutating func verdicts() throws(ColumnError) {
        reader.column = .verdict
        let size = try reader.varint()
        guard size > 0, size <= UInt64(count) else { throw .badDictionary }
        if size > 1 { return try severalVerdicts(Int(size)) }
        let codes = try reader.varint()
        let flags = try reader.byte()
        guard flags < 8 else { throw .badDictionary }
        for i in 0..<count { fixes.codes[i] = codes }
        for i in 0..<count { fixes.flags[i] = flags }
    }

    /// Seldom: most chunks have one verdict.
    private mutating func severalVerdicts(_ size: Int) throws(ColumnError) {
        var codes: [UInt64] = []
        var flags: [UInt8] = []
        for _ in 0..<size {
            codes.append(try reader.varint())
            let flag = try reader.byte()
            guard flag < 8 else { throw .badDictionary }
            flags.append(flag)
        }
        try column.read(.verdict, &reader)
        for i in 0..<count {
            let number = column.value(i)
            guard number >= 0 && number < size else { throw .valueOutOfRange(.verdict) }
            fixes.codes[i] = codes[Int(number)]
            fixes.flags[i] = flags[Int(number)]
        }
    }

    private mutating func arrivalOrder() throws(ColumnError) {
        try column.read(.arrival, &reader)
        var beyond: Int64 = 0
        for i in 0..<count {
            // Wrap-around is meant: the sum is checked.
            let arrival = column.value(i) &+ Int64(i)
            beyond |= arrival | (Int64(UInt32.max) &- arrival)
            fixes.arrival[i] = UInt32(truncatingIfNeeded: arrival)
        }
        guard beyond >= 0 else { throw .valueOutOfRange(.arrival) }
    }
}
