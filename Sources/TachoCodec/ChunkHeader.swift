/// Which tail of a rider a chunk closed. Numbers are only appended.
package enum ChunkKind: UInt8, Sendable, CaseIterable {
    /// Fixes in order of time as they came.
    case main = 0
    /// Fixes that came late, between those of main chunks.
    case late = 1
}

/// What a chunk says about itself before its columns; `format-spec.md` §4.
package struct ChunkHeader: Hashable, Sendable {
    /// The range of the audit log the chunk belongs to.
    package var rangeID: UInt32
    package var kind: ChunkKind
    /// Fixes in the chunk, 1…65,535.
    package var count: Int
    /// Ingest sequence of the first and of the last fix received; other riders' fixes lie between.
    package var firstSequence: UInt64
    package var lastSequence: UInt64
    /// Times of the first and of the last fix, Unix ms.
    package var firstTsMs: Int64
    package var lastTsMs: Int64
    /// The bounding box in 1e-7 degree, without regard to the antimeridian.
    package var minLatE7: Int32
    package var maxLatE7: Int32
    package var minLonE7: Int32
    package var maxLonE7: Int32
    /// The whole chunk, header and checksum included.
    package var totalBytes: Int

    /// "TCHK".
    static let magic: [UInt8] = [0x54, 0x43, 0x48, 0x4B]
    static let version: UInt8 = 0
    static let byteCount = 66
    static let checksumBytes = 4

    func write(to out: inout RawWriter) {
        for byte in Self.magic { out.put(byte) }
        out.put(Self.version)
        out.put(kind.rawValue)
        out.putInteger(UInt16(Self.byteCount))
        out.putInteger(UInt32(totalBytes))
        out.putInteger(rangeID)
        out.putInteger(UInt16(count))
        out.putInteger(minLatE7)
        out.putInteger(maxLatE7)
        out.putInteger(minLonE7)
        out.putInteger(maxLonE7)
        out.putInteger(firstSequence)
        out.putInteger(lastSequence)
        out.putInteger(firstTsMs)
        out.putInteger(lastTsMs)
    }
}

/// Why bytes are no chunk. Checked in this order.
package enum ChunkError: Error, Equatable {
    /// Fewer bytes than a header and a checksum.
    case tooShort
    case notAChunk
    case unknownVersion(UInt8)
    /// The lengths in the header do not fit the bytes.
    case badLength
    case checksumMismatch
    case unknownKind(UInt8)
    /// Bounds in the header that no chunk can have.
    case badBounds
    case columns(ColumnError)
    /// The fixes are others than the header announces.
    case headerDisagrees

    package var message: String {
        switch self {
        case .tooShort: "too short for a chunk; it was cut, restore it from a copy"
        case .notAChunk: "not a chunk: the magic is missing"
        case .unknownVersion(let version):
            "chunk version \(version) is not known, this program reads 0; use a newer program"
        case .badLength: "the chunk's length disagrees with its header; it was cut or joined"
        case .checksumMismatch: "the chunk's checksum is wrong; restore it from a copy"
        case .unknownKind(let kind): "chunk kind \(kind) is not known; use a newer program"
        case .badBounds: "the chunk's header has impossible bounds"
        case .columns(let error): "in the chunk's columns: " + error.message
        case .headerDisagrees: "the chunk's fixes are not those its header announces"
        }
    }
}
