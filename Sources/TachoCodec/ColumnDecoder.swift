/// Reads the values of one column, from bytes that may be hostile.
///
/// Checks structure here; whether the values are possible is checked by `FixColumns`, except where
/// the arithmetic of a codec depends on it.
struct ColumnDecoder {
    /// The values of the column read last: as many as fixes have the field.
    private(set) var values: [Int64]
    /// The times of all fixes, for codecs that predict over time.
    private(set) var times: [Int64]
    /// Which fixes have the field; meaningful if `present` is neither 0 nor all.
    private(set) var bitmap: [UInt8] = []
    /// How many fixes have the field.
    private(set) var present = 0
    private var residuals: [UInt64]
    private let count: Int

    init(count: Int) {
        self.count = count
        values = Array(repeating: 0, count: count)
        times = []
        residuals = Array(repeating: 0, count: count)
    }

    /// Fix `index` has the field.
    @inline(__always)
    func has(_ index: Int) -> Bool {
        present == count || (present > 0 && bitmap[index >> 3] >> UInt8(index & 7) & 1 == 1)
    }

    /// Keeps the values read last as the times of the block.
    mutating func keepTimes() { times = values }

    mutating func read(
        _ column: Column, _ reader: inout ColumnReader
    ) throws(ColumnError) {
        reader.column = column
        let byte = try reader.byte()
        let id = byte & ~ColumnCodec.presenceFlag
        guard let codec = ColumnCodec(rawValue: id) else { throw .unknownCodec(column, byte) }
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
        try readValues(codec, &reader)
    }

    private mutating func readPresence(_ reader: inout ColumnReader) throws(ColumnError) {
        bitmap = Array(try reader.take((count + 7) / 8))
        present = 0
        for byte in bitmap { present += byte.nonzeroBitCount }
        let unused = bitmap.count * 8 - count
        guard present > 0, present < count,
            unused == 0 || bitmap[bitmap.count - 1] >> UInt8(8 - unused) == 0
        else { throw .badPresence(reader.column) }
    }

    private mutating func readValues(
        _ codec: ColumnCodec, _ reader: inout ColumnReader
    ) throws(ColumnError) {
        let base = try reader.zigzag()
        switch codec {
        case .none, .constant:
            for i in 0..<present { values[i] = base }
        case .offset:
            let factor = try readFactor(&reader)
            try Packing.read(&reader, 0..<present, into: &residuals)
            // Wrap-around is meant here and below: it undoes the encoder's for any 64-bit values.
            for i in 0..<present {
                values[i] = base &+ factor &* Int64(bitPattern: residuals[i])
            }
        case .delta:
            let factor = try readFactor(&reader)
            let step = try reader.zigzag()
            try Packing.read(&reader, 1..<present, into: &residuals)
            var q: Int64 = 0
            values[0] = base
            for i in 1..<present {
                q = q &+ step &+ Zigzag.decode(residuals[i])
                values[i] = base &+ factor &* q
            }
        case .linear:
            let factor = try readFactor(&reader)
            try Packing.read(&reader, 1..<present, into: &residuals)
            try undoLinear(base: base, factor: factor, reader.column)
        case .clock:
            try Packing.read(&reader, 0..<present, into: &residuals)
            for i in 0..<present {
                let due = Prediction.clockSteps(clockMs: base, tsMs: times[i])
                values[i] = due &+ Int64(bitPattern: residuals[i])
            }
        }
    }

    private mutating func undoLinear(
        base: Int64, factor: Int64, _ column: Column
    ) throws(ColumnError) {
        var q2: Int64 = 0
        var q1: Int64 = 0
        var t2 = times[0]
        var t1 = times[0]
        values[0] = base
        for i in 1..<present {
            let t = times[i]
            let expected = Prediction.linear(q2: q2, q1: q1, t2: t2, t1: t1, t: t)
            let q = expected &+ Zigzag.decode(residuals[i])
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
