import TachoGeo
import TachoWire

/// Rows of a packed batch (`format-spec.md` §13), written in place. `PackedBatchWriter` appends to arrays
/// of its own; a test holds the bytes of both against each other.
enum PackedRow {
    private static let magic = Array("TPUT".utf8)

    /// Stores the 36 bytes of a row. Values go as they are: the server is the one that judges.
    @inline(__always)
    static func store(_ fix: Fix, rider: UInt16, to row: UnsafeMutableRawPointer) {
        row.storeBytes(of: fix.tsMs.littleEndian, toByteOffset: 0, as: Int64.self)
        row.storeBytes(of: fix.latE7.littleEndian, toByteOffset: 8, as: Int32.self)
        row.storeBytes(of: fix.lonE7.littleEndian, toByteOffset: 12, as: Int32.self)
        row.storeBytes(of: fix.speedCms.littleEndian, toByteOffset: 16, as: Int32.self)
        row.storeBytes(of: fix.headingCdeg.littleEndian, toByteOffset: 20, as: Int32.self)
        row.storeBytes(of: fix.accuracyDm.littleEndian, toByteOffset: 24, as: Int32.self)
        row.storeBytes(of: fix.altitudeDm.littleEndian, toByteOffset: 28, as: Int32.self)
        row.storeBytes(of: fix.source.rawValue, toByteOffset: 32, as: UInt8.self)
        row.storeBytes(of: 0, toByteOffset: 33, as: UInt8.self)
        row.storeBytes(of: rider.littleEndian, toByteOffset: 34, as: UInt16.self)
    }

    /// The 12 bytes before the rows.
    static func header(riders: Int, rows: Int) -> [UInt8] {
        var out = magic
        // Version and flags.
        out += [0, 0]
        withUnsafeBytes(of: UInt16(riders).littleEndian) { out += $0 }
        withUnsafeBytes(of: UInt32(rows).littleEndian) { out += $0 }
        return out
    }

    /// How many rows a packed batch says it has; nil if it is none.
    static func count(_ batch: UnsafeRawBufferPointer) -> Int? {
        guard batch.count >= PackedBatch.headerBytes,
            batch.prefix(4).elementsEqual(magic)
        else { return nil }
        let rows = Int(
            UInt32(littleEndian: batch.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        guard rows <= (batch.count - PackedBatch.headerBytes) / PackedBatch.rowBytes else {
            return nil
        }
        return rows
    }
}
