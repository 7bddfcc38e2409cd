import TachoCodec

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a mirror states of one copy: a line of `mirror.ndjson` (`format-spec.md` §9.10).
package struct MirrorLine: Equatable, Sendable {
    package enum How: String, Sendable {
        /// This mirror wrote the copy.
        case copied
        /// It was there already, and was read whole.
        case found
    }

    package var segment: UInt64
    package var bytes: UInt64
    /// Of the whole file.
    package var sha256: [UInt8]
    package var how: How
    /// When it was read back, Unix ms.
    package var atMs: Int64

    package var file: String { AuditDirectory.fileName(segment) }

    package var json: JSONLine {
        var line = JSONLine()
        line.add("v", MirrorRecord.version)
        line.add("segment", segment)
        line.add("file", file)
        line.add("bytes", bytes)
        line.add("sha256", Digest.hex(sha256))
        line.add("how", how.rawValue)
        line.add("at_ms", atMs)
        return line
    }
}

/// The record of a mirror as it was read: the line that counts for each segment.
package struct MirrorRecord: Equatable, Sendable {
    package static let fileName = "mirror.ndjson"
    package static let version: Int64 = 1
    /// A longer line is damage.
    package static let maxLineBytes = 1_024

    package private(set) var lines: [UInt64: MirrorLine] = [:]
    /// Numbers, from 1, of lines that are none.
    package private(set) var damagedLines: [Int] = []
    /// Bytes up to the last line feed: what follows was cut off while it was written.
    package private(set) var soundBytes = 0

    package init() {}

    package init(_ text: [UInt8]) {
        var number = 0
        while let end = text[soundBytes...].firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            take(text[soundBytes..<end], number)
            soundBytes = end + 1
        }
    }

    /// The record in `directory`; an empty one if there is none.
    package static func read(directory: String) throws(SegmentError) -> MirrorRecord {
        let path = directory + "/" + fileName
        if access(path, F_OK) != 0 && errno == ENOENT { return MirrorRecord() }
        let source = try SegmentSource(path: path)
        return MirrorRecord(try source.read(at: 0, count: Int(source.byteCount)))
    }

    /// Whether there is a copy of the segment in `directory`, as far as the record and the size of
    /// the file say. Reads no content.
    package func confirms(
        segment: UInt64, bytes: UInt64, sha256: [UInt8], in directory: String
    ) -> Bool {
        guard let line = lines[segment], line.bytes == bytes, line.sha256 == sha256,
            let file = try? AuditFile(path: directory + "/" + line.file)
        else { return false }
        return file.byteCount == bytes
    }

    private mutating func take(_ text: ArraySlice<UInt8>, _ number: Int) {
        guard text.count <= Self.maxLineBytes,
            let value = try? JSONValue.read(Array(text)), value.members != nil,
            let version = value["v"]?.integer
        else { return damagedLines.append(number) }
        guard version == Self.version else { return }
        guard let segment = value["segment"]?.integer, segment > 0,
            let bytes = value["bytes"]?.integer, bytes > 0,
            let sha256 = value["sha256"]?.text.flatMap(Digest.bytes(hex:)),
            let how = value["how"]?.text.flatMap(MirrorLine.How.init),
            let atMs = value["at_ms"]?.integer,
            value["file"]?.text == AuditDirectory.fileName(UInt64(segment))
        else { return damagedLines.append(number) }
        lines[UInt64(segment)] = MirrorLine(
            segment: UInt64(segment), bytes: UInt64(bytes), sha256: sha256, how: how, atMs: atMs)
    }
}

extension Digest {
    /// 32 bytes from 64 digits in lower case; nil for anything else.
    package static func bytes(hex text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == 2 * byteCount else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[place]), let low = value(digits[place + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
