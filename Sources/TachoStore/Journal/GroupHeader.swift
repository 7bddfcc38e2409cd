import TachoCodec

/// The head of a commit group in the journal; `format-spec.md` §7.
package struct GroupHeader: Hashable, Sendable {
    package var ruleSet: UInt16
    /// Counts from 1 without gaps.
    package var group: UInt64
    /// Sequence of the first point in the group (of the next one, if it has none).
    package var firstSequence: UInt64
    package var points: UInt32
    /// Alerts of the group get ids `commitMs-alertFirstN` and up.
    package var alertFirstN: UInt32
    /// The server's time of the commit, never running backwards.
    package var commitMs: Int64
    /// `Thresholds.hash64` of the rules that judged it.
    package var thresholds: UInt64
    /// `hash` of the group before.
    package var previousHash: UInt64
    /// Of the landmarks in its fixes one of 2^thinning is chosen.
    package var thinning: UInt8

    package static let maxThinning: UInt8 = 16

    package init(
        ruleSet: UInt16, group: UInt64, firstSequence: UInt64, points: UInt32,
        alertFirstN: UInt32, commitMs: Int64, thresholds: UInt64, previousHash: UInt64,
        thinning: UInt8 = 0
    ) {
        self.ruleSet = ruleSet
        self.group = group
        self.firstSequence = firstSequence
        self.points = points
        self.alertFirstN = alertFirstN
        self.commitMs = commitMs
        self.thresholds = thresholds
        self.previousHash = previousHash
        self.thinning = thinning
    }

    package static let byteCount = 64
    static let magic: UInt32 = 0x5052_4754  // "TGRP"

    /// The 64 bytes in front of a body of `bodyCount` bytes.
    func write(bodyCount: Int, to start: UnsafeMutableRawPointer) {
        func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
            (start + offset).storeBytes(of: value.littleEndian, as: T.self)
        }
        put(Self.magic, at: 0)
        put(UInt16(0), at: 4)
        put(ruleSet, at: 6)
        put(group, at: 8)
        put(firstSequence, at: 16)
        put(points, at: 24)
        put(alertFirstN, at: 28)
        put(commitMs, at: 32)
        put(thresholds, at: 40)
        put(previousHash, at: 48)
        put(UInt32(bodyCount), at: 56)
        put(UInt32(thinning), at: 60)
    }

    /// The body's length, read from a header that is not checked yet; nil: no group begins here.
    static func bodyCount(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= byteCount,
            UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) == magic
        else { return nil }
        return Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 56, as: UInt32.self)))
    }

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 { CRC32C.checksum(bytes) }

    /// Checks and splits a record. The body is borrowed from `bytes`.
    package static func read(
        _ bytes: UnsafeRawBufferPointer
    ) throws(StoreError) -> (header: GroupHeader, body: UnsafeRawBufferPointer, hash: UInt64) {
        do {
            var reader = ByteReader(bytes)
            guard try reader.read(UInt32.self) == magic else {
                throw StoreError.damaged("a journal record does not start with TGRP")
            }
            let version = try reader.read(UInt16.self)
            guard version == 0 else {
                throw StoreError.damaged("journal record version \(version) is not known here")
            }
            var header = GroupHeader(
                ruleSet: try reader.read(), group: try reader.read(),
                firstSequence: try reader.read(), points: try reader.read(),
                alertFirstN: try reader.read(), commitMs: try reader.read(),
                thresholds: try reader.read(), previousHash: try reader.read())
            let bodyBytes = Int(try reader.read(UInt32.self))
            let thinning = try reader.read(UInt32.self)
            guard thinning <= UInt32(maxThinning) else {
                throw StoreError.damaged("reserved bytes of a journal record are not 0")
            }
            header.thinning = UInt8(thinning)
            let body = try reader.take(bodyBytes)
            let crc = try reader.read(UInt32.self)
            guard reader.isAtEnd else {
                throw StoreError.damaged("a journal record is longer than it says")
            }
            let covered = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
            guard crc == CRC32C.checksum(covered) else {
                throw StoreError.damaged("checksum of journal group \(header.group) is wrong")
            }
            return (header, body, hash(crc: crc, previous: header.previousHash))
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("a journal record is cut off")
        }
    }

    /// Depends on every byte of the group and, through the link, of all groups before.
    /// The mixing constant is that of splitmix64.
    static func hash(crc: UInt32, previous: UInt64) -> UInt64 {
        let mixed = (previous ^ UInt64(crc)) &* 0x9E37_79B9_7F4A_7C15
        return UInt64(crc) << 32 | mixed >> 32
    }
}
