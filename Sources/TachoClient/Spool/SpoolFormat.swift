import TachoCodec
import TachoWire

/// The files of a spool, byte by byte. Stated in `format-spec.md` §26.
///
///     header 32 B | record header 20 B, packed batch | record header …
enum SpoolFormat {
    static let magic: [UInt8] = Array("TSPL".utf8)
    static let recordMagic: [UInt8] = Array("TREC".utf8)
    static let version: UInt8 = 0
    static let headerBytes = 32
    static let recordHeaderBytes = 20
    static let suffix = ".spool"
    static let keptSuffixes = [".refused", ".damaged"]

    /// Offsets in the header.
    enum Header {
        static let version = 4
        static let zero = 5
        static let number = 8
        static let createdMs = 16
        static let reserved = 24
        static let checksum = 28
    }

    /// Offsets in a record.
    enum Record {
        static let length = 4
        static let acceptedMs = 8
        static let checksum = 16
    }

    static func fileName(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + suffix
    }

    /// nil: the file is none of a spool's.
    static func number(fileName: String) -> UInt64? {
        guard fileName.utf8.count == 16 + suffix.utf8.count, fileName.hasSuffix(suffix) else {
            return nil
        }
        let digits = fileName.prefix(16)
        guard digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        return UInt64(digits, radix: 16)
    }

    /// The number of a file that is kept and not delivered, `.refused` or `.damaged`; nil: it is none.
    static func number(keptName: String) -> UInt64? {
        for ending in keptSuffixes where keptName.hasSuffix(ending) {
            return number(fileName: String(keptName.dropLast(ending.count)))
        }
        return nil
    }

    static func header(number: UInt64, createdMs: Int64) -> [UInt8] {
        var out = magic
        out += [version, 0, 0, 0]
        append(number, &out)
        append(createdMs, &out)
        append(UInt32(0), &out)
        append(out.withUnsafeBytes { CRC32C.checksum($0) }, &out)
        return out
    }

    static func recordHeader(
        payload: UnsafeRawBufferPointer, acceptedMs: Int64
    ) -> [UInt8] {
        var out = recordMagic
        append(UInt32(payload.count), &out)
        append(acceptedMs, &out)
        let seed = out[4...].withUnsafeBytes { CRC32C.checksum($0) }
        append(CRC32C.checksum(payload, seed: seed), &out)
        return out
    }

    private static func append(_ value: some FixedWidthInteger, _ out: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { out += $0 }
    }
}

/// Why a file is none that this version reads. Nothing in it is touched.
enum SpoolDefect: Error, Equatable {
    case tooShort
    /// Nothing of its header is there: the power went while it was begun, so it has nothing.
    case empty
    case notASpool
    case version(UInt8)
    case headerDamaged
    /// The name says another number than the header.
    case otherNumber(UInt64)

    var message: String {
        switch self {
        case .tooShort: "shorter than its header"
        case .empty: "its header is nothing but zeros"
        case .notASpool: "it does not start with TSPL"
        case .version(let version): "version \(version), this client knows version 0"
        case .headerDamaged: "the checksum of its header is wrong"
        case .otherNumber(let number): "it says that it is number \(number)"
        }
    }
}

/// What is in a file of a spool.
struct SpoolContent: Equatable {
    struct Record: Equatable {
        /// Of the packed batch.
        var offset: Int
        var length: Int
        var points: Int
    }

    var records: [Record] = []
    /// Bytes that belong to no sound record, those behind the last one not counted.
    var damagedBytes = 0
    /// Where the last sound record ends: what follows was cut off while it was written.
    var end = SpoolFormat.headerBytes

    /// Reads a whole file. A record with a wrong checksum costs itself alone: the next one is found by
    /// its magic. Bytes behind the last sound record are a torn write, which nobody was promised.
    static func read(
        _ bytes: UnsafeRawBufferPointer, number: UInt64
    ) throws(SpoolDefect) -> SpoolContent {
        guard bytes.count >= SpoolFormat.headerBytes else { throw .tooShort }
        guard bytes.contains(where: { $0 != 0 }) else { throw .empty }
        guard bytes.prefix(4).elementsEqual(SpoolFormat.magic) else { throw .notASpool }
        let version = bytes[SpoolFormat.Header.version]
        guard version == SpoolFormat.version else { throw .version(version) }
        let checksum = SpoolFormat.Header.checksum
        let header = UnsafeRawBufferPointer(rebasing: bytes[..<checksum])
        guard CRC32C.checksum(header) == load(bytes, checksum, UInt32.self) else {
            throw .headerDamaged
        }
        let own = load(bytes, SpoolFormat.Header.number, UInt64.self)
        guard own == number else { throw .otherNumber(own) }
        var content = SpoolContent()
        var at = SpoolFormat.headerBytes
        while at < bytes.count {
            if let record = record(bytes, at) {
                content.damagedBytes += at - content.end
                content.records.append(record)
                at = record.offset + record.length
                content.end = at
            } else {
                at += 1
            }
        }
        return content
    }

    static func result(
        _ bytes: UnsafeRawBufferPointer, number: UInt64
    ) -> Result<SpoolContent, SpoolDefect> {
        do throws(SpoolDefect) {
            return .success(try read(bytes, number: number))
        } catch {
            return .failure(error)
        }
    }

    /// The sound record that begins here.
    private static func record(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Record? {
        let start = at + SpoolFormat.recordHeaderBytes
        guard start <= bytes.count, bytes[at] == SpoolFormat.recordMagic[0],
            bytes[at..<at + 4].elementsEqual(SpoolFormat.recordMagic)
        else { return nil }
        let length = Int(load(bytes, at + SpoolFormat.Record.length, UInt32.self))
        guard length >= PackedBatch.headerBytes, length <= WireLimits.maxPackedBytes,
            length <= bytes.count - start
        else { return nil }
        let covered = UnsafeRawBufferPointer(
            rebasing: bytes[at + 4..<at + SpoolFormat.Record.checksum])
        let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
        let sum = CRC32C.checksum(payload, seed: CRC32C.checksum(covered))
        guard sum == load(bytes, at + SpoolFormat.Record.checksum, UInt32.self),
            let points = PackedRow.count(payload)
        else { return nil }
        return Record(offset: start, length: length, points: points)
    }

    private static func load<T: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ at: Int, _ type: T.Type
    ) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: type))
    }
}
