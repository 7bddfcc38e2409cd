/// Constants of the segment format. `format-spec.md` §9 is the statement, a test compares.
package enum SegmentFormat {
    /// "TACHOSEG" in file order.
    package static let headerMagic = Array("TACHOSEG".utf8)
    /// "TACHOEND" in file order.
    package static let footerMagic = Array("TACHOEND".utf8)
    /// "TBLK" read as a little-endian number.
    package static let blockMagic: UInt32 = 0x4B4C_4254
    /// What is written; every one up to it is read.
    package static let major: UInt16 = 1
    /// From this one on a block's leaf covers the names of its riders too.
    package static let namedLeaves: UInt16 = 1
    package static let minor: UInt16 = 0
    /// Points of a fix block, and records of an amendment block.
    package static let blockCapacity = 4_096
    /// A rider index that means "no rider".
    package static let noRider = UInt32.max
    /// A stored block is never longer; bounds what a reader allocates for hostile lengths.
    package static let maxBlockBytes = 1 << 24

    /// Algorithm ids of the header.
    package static let blockChecksumCRC32C: UInt8 = 1
    package static let hashSHA256: UInt8 = 1
    package static let treeRFC6962: UInt8 = 1
    package static let encryptionNone: UInt8 = 0
}

/// What a block holds.
package enum BlockKind: UInt8, Sendable, BitwiseCopyable {
    /// Fixes of one rider in column form.
    case fixes = 1
    /// Records of what was changed or lost after it was stored.
    case amendments = 2

    /// The only codec of the kind so far: columns for fixes, fixed records for amendments.
    var codec: UInt8 {
        switch self {
        case .fixes: 1
        case .amendments: 2
        }
    }
}

/// Fields of the segment header.
package enum HeaderLayout {
    package static let byteCount = 192
    static let magic = Field("magic", 0, 8)
    static let major = Field("major", 8, 2)
    static let minor = Field("minor", 10, 2)
    static let blockChecksum = Field("block_checksum", 12, 1)
    static let hash = Field("hash", 13, 1)
    static let tree = Field("tree", 14, 1)
    static let encryption = Field("encryption", 15, 1)
    static let partition = Field("partition", 16, 4)
    static let ruleSet = Field("rule_set", 20, 2)
    static let reserved1 = Field("reserved_1", 22, 2)
    static let segmentID = Field("segment_id", 24, 8)
    static let firstSequence = Field("first_sequence", 32, 8)
    static let lastSequence = Field("last_sequence", 40, 8)
    static let minRecvMs = Field("min_recv_ms", 48, 8)
    static let maxRecvMs = Field("max_recv_ms", 56, 8)
    static let minTsMs = Field("min_ts_ms", 64, 8)
    static let maxTsMs = Field("max_ts_ms", 72, 8)
    static let points = Field("points", 80, 8)
    static let lostPoints = Field("lost_points", 88, 8)
    static let amendments = Field("amendments", 96, 8)
    static let fileBytes = Field("file_bytes", 104, 8)
    static let riders = Field("riders", 112, 4)
    static let otherRiders = Field("other_riders", 116, 4)
    static let blocks = Field("blocks", 120, 4)
    static let reserved2 = Field("reserved_2", 124, 4)
    static let previousSHA256 = Field("previous_sha256", 128, 32)
    static let reserved3 = Field("reserved_3", 160, 28)
    static let crc32c = Field("crc32c", 188, 4)
    package static let fields = [
        magic, major, minor, blockChecksum, hash, tree, encryption, partition, ruleSet, reserved1,
        segmentID, firstSequence, lastSequence, minRecvMs, maxRecvMs, minTsMs, maxTsMs, points,
        lostPoints, amendments, fileBytes, riders, otherRiders, blocks, reserved2, previousSHA256,
        reserved3, crc32c,
    ]
}

/// Fields of the header of a block.
package enum BlockLayout {
    package static let byteCount = 24
    static let magic = Field("magic", 0, 4)
    static let kind = Field("kind", 4, 1)
    static let codec = Field("codec", 5, 1)
    static let count = Field("count", 6, 2)
    static let rider = Field("rider", 8, 4)
    static let payloadBytes = Field("payload_bytes", 12, 4)
    static let reserved = Field("reserved", 16, 4)
    static let crc32c = Field("crc32c", 20, 4)
    package static let fields = [
        magic, kind, codec, count, rider, payloadBytes, reserved, crc32c,
    ]
}

/// Fields of what the CRC32C of a block covers before the block itself; not stored.
package enum LocationLayout {
    package static let byteCount = 20
    static let segmentID = Field("segment_id", 0, 8)
    static let block = Field("block", 8, 4)
    static let offset = Field("offset", 12, 8)
    package static let fields = [segmentID, block, offset]
}

/// Fields of an entry of the index.
package enum IndexLayout {
    package static let byteCount = 40
    static let offset = Field("offset", 0, 8)
    static let storedBytes = Field("stored_bytes", 8, 4)
    static let rider = Field("rider", 12, 4)
    static let kind = Field("kind", 16, 1)
    static let codec = Field("codec", 17, 1)
    static let count = Field("count", 18, 2)
    static let reserved = Field("reserved", 20, 4)
    static let minTsMs = Field("min_ts_ms", 24, 8)
    static let maxTsMs = Field("max_ts_ms", 32, 8)
    package static let fields = [
        offset, storedBytes, rider, kind, codec, count, reserved, minTsMs, maxTsMs,
    ]
}

/// Fields of a record of an amendment block.
package enum AmendmentLayout {
    package static let byteCount = 48
    static let kind = Field("kind", 0, 1)
    static let cause = Field("cause", 1, 1)
    static let effect = Field("effect", 2, 1)
    static let flags = Field("flags", 3, 1)
    static let ordinal = Field("ordinal", 4, 2)
    static let ruleSet = Field("rule_set", 6, 2)
    static let rider = Field("rider", 8, 4)
    static let reserved = Field("reserved", 12, 4)
    static let firstSequence = Field("first_sequence", 16, 8)
    static let lastSequence = Field("last_sequence", 24, 8)
    static let tsMs = Field("ts_ms", 32, 8)
    static let codes = Field("codes", 40, 8)
    package static let fields = [
        kind, cause, effect, flags, ordinal, ruleSet, rider, reserved, firstSequence, lastSequence,
        tsMs, codes,
    ]
}

/// Fields of the footer, which ends the file.
package enum FooterLayout {
    package static let byteCount = 128
    static let leavesOffset = Field("leaves_offset", 0, 8)
    static let indexOffset = Field("index_offset", 8, 8)
    static let namesOffset = Field("names_offset", 16, 8)
    static let fileBytes = Field("file_bytes", 24, 8)
    static let root = Field("root", 32, 32)
    static let sha256 = Field("sha256", 64, 32)
    static let reserved = Field("reserved", 96, 16)
    static let crc32c = Field("crc32c", 112, 4)
    static let major = Field("major", 116, 2)
    static let minor = Field("minor", 118, 2)
    static let magic = Field("magic", 120, 8)
    package static let fields = [
        leavesOffset, indexOffset, namesOffset, fileBytes, root, sha256, reserved, crc32c, major,
        minor, magic,
    ]
}
