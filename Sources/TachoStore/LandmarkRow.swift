package import TachoGeo

/// A landmark as family `seen` keeps it: by the day it was committed, so that days are dropped as
/// files, then by its hash. `format-spec.md` §6.
package struct LandmarkRow: Hashable, Sendable, BitwiseCopyable {
    /// Of the commit, days since 1970.
    package var day: UInt16
    package var landmark: Landmark

    package init(day: UInt16, landmark: Landmark) {
        self.day = day
        self.landmark = landmark
    }

    /// Day and hash.
    package static let prefixBytes = 8
    package static let keyBytes = 16
    package static let valueBytes = 10

    package static func day(ms: Int64) -> UInt16 { UInt16(clamping: ms / 86_400_000) }

    /// Where the landmarks of a day with a hash begin.
    package static func prefix(day: UInt16, hash: UInt64) -> UInt64 {
        (UInt64(day) << 48 | hash & Landmark.hashMask).bigEndian
    }

    /// Puts rows of one day in the order of their keys. Hashes are spread evenly: rows are dealt out
    /// by their upper bits first, which leaves a few dozen to compare with each other.
    package static func sort(_ rows: inout [LandmarkRow]) {
        guard let first = rows.first else { return }
        precondition(rows.allSatisfy { $0.day == first.day }, "landmarks of several days")
        let upper = { (row: LandmarkRow) in Int(row.landmark.hash & Landmark.hashMask) >> 36 }
        var ends = [Int](repeating: 0, count: 1 << 12)
        for row in rows { ends[upper(row)] += 1 }
        var start = 0
        for index in ends.indices { (ends[index], start) = (start, start + ends[index]) }
        var dealt = [LandmarkRow](repeating: first, count: rows.count)
        for row in rows {
            let bucket = upper(row)
            dealt[ends[bucket]] = row
            ends[bucket] += 1
        }
        dealt.withUnsafeMutableBufferPointer { dealt in
            var start = 0
            for end in ends {
                var few = UnsafeMutableBufferPointer(rebasing: dealt[start..<end])
                few.sort(by: <)
                start = end
            }
        }
        rows = dealt
    }

    @inline(__always)
    package static func < (a: LandmarkRow, b: LandmarkRow) -> Bool {
        if a.day != b.day { return a.day < b.day }
        if a.landmark.hash != b.landmark.hash { return a.landmark.hash < b.landmark.hash }
        if a.landmark.rider != b.landmark.rider { return a.landmark.rider < b.landmark.rider }
        return a.landmark.number < b.landmark.number
    }

    /// Writes the key and behind it the value.
    func write(to: UnsafeMutableRawPointer) {
        to.storeBytes(of: Self.prefix(day: day, hash: landmark.hash), as: UInt64.self)
        to.storeBytes(of: landmark.rider.bigEndian, toByteOffset: 8, as: UInt32.self)
        to.storeBytes(of: landmark.number.bigEndian, toByteOffset: 12, as: UInt32.self)
        let time = UInt64(bitPattern: landmark.tsMs + Keys.timeOffsetMs)
        to.storeBytes(
            of: UInt32(truncatingIfNeeded: time).littleEndian, toByteOffset: 16, as: UInt32.self)
        to.storeBytes(
            of: UInt16(truncatingIfNeeded: time >> 32).littleEndian, toByteOffset: 20,
            as: UInt16.self)
        to.storeBytes(of: landmark.place.littleEndian, toByteOffset: 22, as: UInt32.self)
    }

    package var bytes: (key: [UInt8], value: [UInt8]) {
        withUnsafeTemporaryAllocation(
            byteCount: Self.keyBytes + Self.valueBytes, alignment: 8
        ) { room in
            write(to: room.baseAddress!)
            return (Array(room[..<Self.keyBytes]), Array(room[Self.keyBytes...]))
        }
    }

    /// Reads a row back.
    package init(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) throws(StoreError) {
        guard key.count == Self.keyBytes, value.count == Self.valueBytes else {
            throw .damaged("a landmark cannot be read")
        }
        let prefix = KeyReader.u64(key, at: 0)
        day = UInt16(prefix >> 48)
        let low = UInt32(littleEndian: value.loadUnaligned(as: UInt32.self))
        let high = UInt16(littleEndian: value.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        landmark = Landmark(
            hash: prefix & Landmark.hashMask, rider: KeyReader.u32(key, at: 8),
            number: KeyReader.u32(key, at: 12),
            tsMs: Int64(UInt64(high) << 32 | UInt64(low)) - Keys.timeOffsetMs,
            place: UInt32(
                littleEndian: value.loadUnaligned(fromByteOffset: 6, as: UInt32.self)))
    }
}
