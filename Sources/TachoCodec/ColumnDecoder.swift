/// Reads the values of one column, from bytes that may be hostile.
///
/// Checks structure here; whether the values are possible is checked by `BlockDecoder`, except
/// where the arithmetic of a codec depends on it.
struct ColumnDecoder {
    /// The values of the column read last: as many as fixes have the field, unless `isConstant`.
    let values: UnsafeMutablePointer<Int64>
    /// The first value; all of them if `isConstant`.
    private(set) var base: Int64 = 0
    private(set) var isConstant = false
    /// Which fixes have the field; meaningful if `present` is neither 0 nor all.
    private(set) var bitmap = UnsafeRawBufferPointer(start: nil, count: 0)
    /// How many fixes have the field.
    private(set) var present = 0
    /// The codec of the column read last.
    private(set) var codec = ColumnCodec.none
    /// The fixes as far as they are read, for codecs that predict from other columns.
    private let fixes: ColumnPointers
    private var times: UnsafeMutablePointer<Int64> { fixes.tsMs }
    private let residuals: UnsafeMutablePointer<UInt64>
    private let room: PatchRoom
    private let count: Int

    init(
        count: Int, fixes: ColumnPointers, values: UnsafeMutablePointer<Int64>,
        residuals: UnsafeMutablePointer<UInt64>, room: PatchRoom
    ) {
        self.count = count
        self.fixes = fixes
        self.values = values
        self.residuals = residuals
        self.room = room
    }

    /// Fix `index` has the field; only if `present` is neither 0 nor all.
    @inline(__always)
    func has(_ index: Int) -> Bool {
        bitmap[index &>> 3] &>> UInt8(truncatingIfNeeded: index & 7) & 1 == 1
    }

    /// Value `index` of those present.
    @inline(__always)
    func value(_ index: Int) -> Int64 { isConstant ? base : values[index] }

    mutating func read(
        _ column: Column, _ reader: inout ColumnReader
    ) throws(ColumnError) {
        reader.column = column
        let byte = try reader.byte()
        let id = byte & ~ColumnCodec.presenceFlag
        guard let codec = ColumnCodec(rawValue: id) else { throw .unknownCodec(column, byte) }
        isConstant = codec == .constant
        if codec == .none {
            guard column.isOptional, byte == 0 else { throw .unknownCodec(column, byte) }
            present = 0
            return
        }
        guard codec == .constant || column.codecs.contains(codec) else {
            throw .unknownCodec(column, byte)
        }
        present = count
        if byte != id {
            guard column.isOptional else { throw .unknownCodec(column, byte) }
            try readPresence(&reader)
        }
        self.codec = codec
        base = try reader.zigzag()
        if !isConstant && codec != .course { try readValues(codec, &reader) }
    }

    private mutating func readPresence(_ reader: inout ColumnReader) throws(ColumnError) {
        bitmap = try reader.take((count + 7) / 8)
        present = 0
        for byte in bitmap { present += byte.nonzeroBitCount }
        let unused = bitmap.count * 8 - count
        guard present > 0, present < count,
            unused == 0 || bitmap[bitmap.count - 1] >> UInt8(8 - unused) == 0
        else { throw .badPresence(reader.column) }
    }

    // Wrap-around is meant below: it undoes the encoder's for any 64-bit values.
    private func readValues(
        _ codec: ColumnCodec, _ reader: inout ColumnReader
    ) throws(ColumnError) {
        let factor = codec == .clock ? 1 : try readFactor(&reader)
        let step = codec == .delta ? try reader.zigzag() : 0
        let first = codec == .offset || codec == .clock ? 0 : 1
        try Packing.read(&reader, count: present - first, into: residuals, room: room)
        switch codec {
        case .none, .constant, .course: break
        case .offset:
            for i in 0..<present {
                values[i] = base &+ factor &* Int64(bitPattern: residuals[i])
            }
        case .delta:
            // Adding up multiples comes to the same as multiplying sums.
            var value = base
            let stride = factor &* step
            values[0] = base
            for i in 1..<present {
                value &+= stride &+ factor &* Zigzag.decode(residuals[i &- 1])
                values[i] = value
            }
        case .linear: try undoLinear(factor, reader.column)
        case .turn: undoTurn(factor)
        case .clock:
            for i in 0..<present {
                let due = Prediction.clockSteps(clockMs: base, tsMs: times[i])
                values[i] = due &+ Int64(bitPattern: residuals[i])
            }
        }
    }

    private func undoTurn(_ factor: Int64) {
        var value = base
        values[0] = base
        for i in 1..<present {
            value &+= factor &* Zigzag.decode(residuals[i &- 1])
            value &+= value < 0 ? 36_000 : value >= 36_000 ? -36_000 : 0
            values[i] = value
        }
    }

    /// The rest of a column whose codec is `course`: its values have to wait for other columns.
    func readCourse(
        _ reader: inout ColumnReader, residuals: UnsafeMutablePointer<UInt64>
    ) throws(ColumnError) -> DeferredCourse {
        let factor = try readFactor(&reader)
        let scale = try reader.varint()
        guard scale <= UInt64(Course.maxScale), let gain = Course.Gain(rawValue: try reader.byte())
        else { throw .badPacking(reader.column) }
        try Packing.read(&reader, count: count - 1, into: residuals, room: room)
        return DeferredCourse(
            column: reader.column, base: base, factor: factor, scale: Int64(scale), gain: gain,
            residuals: residuals)
    }

    private func undoLinear(_ factor: Int64, _ column: Column) throws(ColumnError) {
        var q2: Int64 = 0
        var q1: Int64 = 0
        var t2 = times[0]
        var t1 = times[0]
        values[0] = base
        for i in 1..<present {
            let t = times[i]
            let expected = Prediction.linear(q2: q2, q1: q1, t2: t2, t1: t1, t: t)
            let q = expected &+ Zigzag.decode(residuals[i &- 1])
            guard q.magnitude <= UInt64(Prediction.maxMagnitude) else {
                throw .valueOutOfRange(column)
            }
            values[i] = base &+ factor &* q
            (q2, q1, t2, t1) = (q1, q, t1, t)
        }
    }

    private func readFactor(_ reader: inout ColumnReader) throws(ColumnError) -> Int64 {
        let factor = try reader.varint()
        guard factor > 0, factor <= UInt64(Int64.max) else { throw .badPacking(reader.column) }
        return Int64(factor)
    }
}

/// A column that is read, but whose values need speed and heading, which come later.
struct DeferredCourse {
    let column: Column
    let base: Int64
    let factor: Int64
    let scale: Int64
    let gain: Course.Gain
    let residuals: UnsafeMutablePointer<UInt64>

    func undo(
        _ reports: Course.Reports, count: Int, into target: UnsafeMutablePointer<Int32>
    ) throws(ColumnError) {
        let beyond =
            switch gain {
            case .whole: follow(reports, count, target, .whole)
            case .part: follow(reports, count, target, .part)
            }
        guard beyond >= 0 else { throw .valueOutOfRange(column) }
    }

    /// One loop for each gain. Negative if a value is beyond the column's limits.
    @inline(__always)
    private func follow(
        _ reports: Course.Reports, _ count: Int, _ target: UnsafeMutablePointer<Int32>,
        _ gain: Course.Gain
    ) -> Int64 {
        let (low, high) = (column.limits.lowerBound, column.limits.upperBound)
        let sines = Course.sines + Course.turn(column)
        var state = Course.State()
        var beyond = (base &- low) | (high &- base)
        target[0] = Int32(truncatingIfNeeded: base)
        for i in 1..<count {
            let movement = reports.movement(i, sines, scale: scale)
            let q = state.expected(movement) &+ Zigzag.decode(residuals[i &- 1])
            state.learn(q, gain)
            let value = base &+ factor &* q
            beyond |= (value &- low) | (high &- value)
            target[i] = Int32(truncatingIfNeeded: value)
        }
        return beyond
    }
}
