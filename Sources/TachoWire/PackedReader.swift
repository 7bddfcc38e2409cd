package import TachoGeo

/// Turns a packed batch into fixes. Everything in it is checked, nothing is trusted.
package enum PackedReader {
    /// Adds a report for each row, in order, and says how many. A row whose time, position or
    /// rider is none is added as malformed; another field outside its range is dropped. Nothing is
    /// added if it throws.
    /// Cost: one allocation a batch; about 10 ns a row, and 30 ns for each rider's first.
    package static func append(
        _ frame: UnsafeRawBufferPointer, to batch: inout FixBatch
    ) throws(PackedDefect) -> Int {
        let frame = frame.bytes
        let shape = try Shape(frame)
        try shape.checkRows(frame)
        batch.append(shape.rows) { entries, names in
            var riders = shape.riderPlaces(frame)
            let text = frame.extracting(shape.namesStart..<frame.byteCount)
            let place = text.withUnsafeBytes { names.copy($0) }
            let limits = Limits()
            riders.withUnsafeMutableBufferPointer { riders in
                for row in 0..<shape.rows {
                    let start = PackedBatch.headerBytes + row * PackedBatch.rowBytes
                    let fields = frame.extracting(start..<start + PackedBatch.rowBytes)
                    let rider = Int(fields.word(PackedBatch.Row.rider, as: UInt16.self))
                    read(fields, limits, &entries[row])
                    guard entries[row].malformed == nil else { continue }
                    if riders[rider].state != .known {
                        if riders[rider].state == .unread {
                            learn(&riders[rider], text, at: place, &names)
                        }
                        entries[row].malformed = riders[rider].defect
                    }
                    entries[row].nameStart = riders[rider].start
                    entries[row].nameCount = riders[rider].count
                    entries[row].riderIndex = riders[rider].index
                }
            }
        }
        return shape.rows
    }

    /// What a batch knows of one of its riders.
    private struct RiderPlace: BitwiseCopyable {
        enum State: UInt8 {
            case unread
            case known
            case empty
            case tooLong
            case notText
        }

        /// In the frame's names until the name is read, then in the batch's.
        var start: UInt32
        var index: UInt32 = 0
        var count: UInt8
        var state = State.unread

        var defect: Malformed? {
            switch state {
            case .unread, .known: nil
            case .empty: .riderEmpty
            case .tooLong: .riderTooLong
            case .notText: .riderNotText
            }
        }
    }
}

// MARK: - A look before reading

extension PackedReader {
    /// Whether `body` says so of every rider in the batch's table, also of those without a row. True
    /// of bytes that are no packed batch: `append` refuses them whole.
    package static func allRiders(
        _ frame: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool
    ) -> Bool {
        guard let shape = try? Shape(frame.bytes) else { return true }
        var start = shape.namesStart
        for rider in 0..<shape.riders {
            let count = Int(frame[shape.lengthsStart + rider])
            guard body(.init(rebasing: frame[start..<start + count])) else { return false }
            start += count
        }
        return true
    }

    /// Rows of the batch; 0 of bytes that are none.
    package static func rows(_ frame: UnsafeRawBufferPointer) -> Int {
        (try? Shape(frame.bytes))?.rows ?? 0
    }
}

// MARK: - Structure

extension PackedReader {
    /// How many of what, known to fit the frame.
    private struct Shape {
        let rows: Int
        let riders: Int

        var lengthsStart: Int { PackedBatch.headerBytes + rows * PackedBatch.rowBytes }
        var namesStart: Int { lengthsStart + riders }

        init(_ frame: RawSpan) throws(PackedDefect) {
            guard frame.byteCount >= PackedBatch.headerBytes else { throw .notPacked }
            for (offset, byte) in PackedBatch.magic.enumerated()
            where frame.byte(offset) != byte {
                throw .notPacked
            }
            let version = frame.byte(PackedBatch.Header.version)
            guard version == PackedBatch.version else { throw .version(version) }
            let flags = frame.byte(PackedBatch.Header.flags)
            guard flags == 0 else { throw .flags(flags) }
            riders = Int(frame.word(PackedBatch.Header.riders, as: UInt16.self))
            // At most 2^32 rows of 36 bytes: no sum here overflows 64 bits.
            rows = Int(frame.word(PackedBatch.Header.rows, as: UInt32.self))
            var end = PackedBatch.bytes(rows: rows, riders: riders, nameBytes: 0)
            if end <= frame.byteCount {
                for rider in 0..<riders { end += Int(frame.byte(lengthsStart + rider)) }
            }
            guard end == frame.byteCount else {
                throw .length(expected: end, found: frame.byteCount)
            }
        }

        /// Before anything is stored: the rows' riders exist, and what must be zero is. Cost: 1 ns
        /// a row; it also brings the rows into the cache.
        func checkRows(_ frame: RawSpan) throws(PackedDefect) {
            var zeros: UInt32 = 0
            var greatest: UInt32 = 0
            for row in 0..<rows {
                let last = lastWord(frame, row)
                zeros |= last
                greatest = max(greatest, last >> 16)
            }
            guard zeros >> 8 & 0xFF != 0 || rows > 0 && greatest >= riders else { return }
            for row in 0..<rows {
                let last = lastWord(frame, row)
                guard last >> 8 & 0xFF == 0 else { throw .rowByte(row: row) }
                guard last >> 16 < riders else { throw .rider(row: row) }
            }
        }

        /// Source, the zero byte and the rider's index of a row.
        private func lastWord(_ frame: RawSpan, _ row: Int) -> UInt32 {
            let start = PackedBatch.headerBytes + row * PackedBatch.rowBytes
            return frame.word(start + PackedBatch.Row.source, as: UInt32.self)
        }

        func riderPlaces(_ frame: RawSpan) -> [RiderPlace] {
            var start = 0
            return (0..<riders).map { rider in
                let count = frame.byte(lengthsStart + rider)
                defer { start += Int(count) }
                return RiderPlace(start: UInt32(start), count: count)
            }
        }
    }
}

// MARK: - Rows

extension PackedReader {
    /// Copies of the constants of another module: in a loop they stay in registers.
    private struct Limits {
        let timeMs = UInt64(Fix.timeLimitMs)
        let latE7 = UInt32(Coordinate.maxLatE7)
        let lonE7 = UInt32(Coordinate.maxLonE7)
        let speedCms = Fix.speedRangeCms
        let headingCdeg = 0...Fix.fullCircleCdeg
        let accuracyDm = Fix.accuracyRangeDm
        let altitudeDm = Fix.altitudeRangeDm
    }

    /// Reads everything but the rider. Leaves the entry malformed, with the reason, or makes it a
    /// fix.
    @inline(__always)
    private static func read(_ row: RawSpan, _ limits: Limits, _ entry: inout BatchEntry) {
        let tsMs = row.word(PackedBatch.Row.ts, as: Int64.self)
        let latE7 = row.word(PackedBatch.Row.lat, as: Int32.self)
        let lonE7 = row.word(PackedBatch.Row.lon, as: Int32.self)
        guard tsMs.magnitude < limits.timeMs else {
            entry.malformed = .tsOutOfRange
            return
        }
        guard latE7.magnitude <= limits.latE7 else {
            entry.malformed = .latOutOfRange
            return
        }
        guard lonE7.magnitude <= limits.lonE7 else {
            entry.malformed = .lonOutOfRange
            return
        }
        var dropped = false
        entry.fix.tsMs = tsMs
        entry.fix.latE7 = latE7
        entry.fix.lonE7 = lonE7
        entry.fix.speedCms = optional(row, PackedBatch.Row.speed, limits.speedCms, &dropped)
        let heading = optional(row, PackedBatch.Row.heading, limits.headingCdeg, &dropped)
        entry.fix.headingCdeg = heading == limits.headingCdeg.upperBound ? 0 : heading
        entry.fix.accuracyDm = optional(
            row, PackedBatch.Row.accuracy, limits.accuracyDm, &dropped)
        entry.fix.altitudeDm = optional(
            row, PackedBatch.Row.altitude, limits.altitudeDm, &dropped)
        switch row.byte(PackedBatch.Row.source) {
        case 0: entry.fix.source = .unknown
        case 1: entry.fix.source = .gps
        case 2: entry.fix.source = .net
        case 3: entry.fix.source = .fused
        case 4: entry.fix.source = .mock
        default:
            entry.fix.source = .unknown
            dropped = true
        }
        entry.fieldDropped = dropped
        entry.provenance = .live
        entry.malformed = nil
    }

    @inline(__always)
    private static func optional(
        _ row: RawSpan, _ offset: Int, _ range: ClosedRange<Int32>, _ dropped: inout Bool
    ) -> Int32 {
        let value = row.word(offset, as: Int32.self)
        if range.contains(value) { return value }
        if value != Int32.min { dropped = true }
        return Int32.min
    }

    /// Once for each rider of the batch that a good row has. `text` are the frame's names, at
    /// `place` of the batch's.
    private static func learn(
        _ rider: inout RiderPlace, _ text: RawSpan, at place: UInt32, _ names: inout BatchNames
    ) {
        let (start, count) = (Int(rider.start), Int(rider.count))
        text.extracting(start..<start + count).withUnsafeBytes { name in
            switch RiderName.defect(name) {
            case nil:
                rider.start += place
                rider.index = names.add(start: rider.start, count: count)
                rider.state = .known
            case .riderEmpty: rider.state = .empty
            case .riderTooLong: rider.state = .tooLong
            default: rider.state = .notText
            }
        }
    }
}

extension RawSpan {
    /// A little-endian number at any offset; one outside stops the program, in release too.
    @inline(__always)
    fileprivate func word<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as: T.Type) -> T {
        T(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }
}
