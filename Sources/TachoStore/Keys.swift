package import TachoGeo

/// Keys of the column families: fixed length, big-endian, so that byte order is key order.
/// The tables in `format-spec.md` §6 are the statement; tests compare.
package enum Keys {
    /// Added to a time in ms so that it is never negative: 48 bits.
    package static let timeOffsetMs: Int64 = 1 << 47

    package static func track(_ key: ChunkKey) -> [UInt8] {
        bytes {
            $0.u32(key.rider)
            $0.time(key.t0Ms)
            $0.u32(key.range)
            $0.u16(key.generation)
        }
    }

    /// Where a rider's chunks with first time `t0Ms` or later begin.
    package static func track(rider: UInt32, fromMs: Int64) -> [UInt8] {
        bytes {
            $0.u32(rider)
            $0.time(fromMs)
            $0.u32(0)
            $0.u16(0)
        }
    }

    /// Chunks of a rider whose first fixes lie in one stretch of 2^24 ms, 4.7 hours, have keys that
    /// begin alike: the rider, and the upper three bytes of the time.
    package static let trackPrefixBytes = 7

    /// The number of the stretch a time lies in, ascending.
    package static func trackStretch(_ ms: Int64) -> Int64 {
        let inKey = min(max(ms, -timeOffsetMs), timeOffsetMs - 1) + timeOffsetMs
        return inKey >> 24
    }

    package static func startMs(ofTrackStretch stretch: Int64) -> Int64 {
        stretch << 24 - timeOffsetMs
    }

    package static func ranges(_ key: ChunkKey) -> [UInt8] {
        bytes {
            $0.u32(key.range)
            $0.u32(key.rider)
            $0.time(key.t0Ms)
            $0.u16(key.generation)
        }
    }

    package static func number(_ number: UInt32) -> [UInt8] { bytes { $0.u32(number) } }

    package static func tail(rider: UInt32, kind: UInt8) -> [UInt8] {
        bytes {
            $0.u32(rider)
            $0.u8(kind)
        }
    }

    package static func amend(_ a: Amendment) -> [UInt8] {
        bytes {
            $0.u32(a.rider)
            $0.time(a.tsMs)
            $0.u16(a.ordinal)
            $0.u64(a.sequence)
        }
    }

    package static func amend(rider: UInt32, fromMs: Int64) -> [UInt8] {
        bytes {
            $0.u32(rider)
            $0.time(fromMs)
            $0.u16(0)
            $0.u64(0)
        }
    }

    package static func amendLog(range: UInt32, _ a: Amendment) -> [UInt8] {
        bytes {
            $0.u32(range)
            $0.u64(a.sequence)
            $0.u32(a.rider)
            $0.time(a.tsMs)
            $0.u16(a.ordinal)
        }
    }

    /// Where the amendments of a rider with that sequence begin, in a range.
    package static func amendLog(range: UInt32, sequence: UInt64, rider: UInt32) -> [UInt8] {
        bytes {
            $0.u32(range)
            $0.u64(sequence)
            $0.u32(rider)
        }
    }

    package static func alert(ms: UInt64, n: UInt32) -> [UInt8] {
        bytes {
            $0.u8(0)
            $0.u64(ms)
            $0.u32(n)
        }
    }

    /// `startMs` may be negative; the sign bit is turned so that order is kept.
    package static func alertWindow(rider: UInt32, code: UInt8, startMs: Int64) -> [UInt8] {
        bytes {
            $0.u8(1)
            $0.u32(rider)
            $0.u8(code)
            $0.u64(UInt64(bitPattern: startMs) ^ (1 << 63))
        }
    }

    package static func meta(_ name: String) -> [UInt8] { Array(name.utf8) }

    package static func range(_ range: UInt32) -> [UInt8] {
        Array("range/".utf8) + number(range)
    }

    package static func loss(first: UInt64) -> [UInt8] {
        Array("loss/".utf8) + bytes { $0.u64(first) }
    }

    /// `group`: the one that put the rule set in force.
    package static func rules(group: UInt64) -> [UInt8] {
        Array("rules/".utf8) + bytes { $0.u64(group) }
    }

    package static func seal(_ range: UInt32) -> [UInt8] {
        Array("seal/".utf8) + number(range)
    }

    package static func retired(_ range: UInt32) -> [UInt8] {
        Array("retired/".utf8) + number(range)
    }

    private static func bytes(_ body: (inout KeyWriter) -> Void) -> [UInt8] {
        var writer = KeyWriter()
        body(&writer)
        return writer.bytes
    }
}

/// Names a chunk: the rider, its first time, its range, and a number that tells chunks of one
/// (rider, range) apart.
package struct ChunkKey: Hashable, Sendable, BitwiseCopyable {
    package var rider: UInt32
    package var t0Ms: Int64
    package var range: UInt32
    package var generation: UInt16

    package static let byteCount = 16

    package init(rider: UInt32, t0Ms: Int64, range: UInt32, generation: UInt16) {
        self.rider = rider
        self.t0Ms = t0Ms
        self.range = range
        self.generation = generation
    }

    /// Reads a key of family `track`.
    package init?(trackKey bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        rider = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
        t0Ms = KeyReader.time(bytes, at: 4)
        range = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 10, as: UInt32.self))
        generation = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 14, as: UInt16.self))
    }

    /// Reads a key of family `ranges`.
    package init?(rangesKey bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        range = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
        rider = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        t0Ms = KeyReader.time(bytes, at: 8)
        generation = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 14, as: UInt16.self))
    }
}

package enum KeyReader {
    package static func u32(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    package static func u64(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    package static func u16(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt16 {
        UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    package static func time(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int64 {
        let high = Int64(u16(bytes, at: offset))
        let low = Int64(u32(bytes, at: offset + 2))
        return (high << 32 | low) - Keys.timeOffsetMs
    }
}

struct KeyWriter {
    var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(24) }

    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u16(_ value: UInt16) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
    mutating func u32(_ value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
    mutating func u64(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
    mutating func time(_ ms: Int64) {
        let limit = Keys.timeOffsetMs
        let shifted = UInt64(min(max(ms, -limit), limit - 1) + limit)
        u16(UInt16(shifted >> 32))
        u32(UInt32(truncatingIfNeeded: shifted))
    }
}
