import TachoCodec

#if canImport(Glibc)
    import Glibc
#endif

/// The first block of a journal file; `format-spec.md` §7.
package struct JournalFileHeader: Equatable, Sendable {
    /// As in the file's name: a file taken for use again has the old number until then.
    package var number: UInt64
    package var firstGroup: UInt64

    package static let byteCount = 32
    static let magic: UInt32 = 0x4C4E_4A54  // "TJNL"
    static let version: UInt16 = 1

    package init(number: UInt64, firstGroup: UInt64) {
        self.number = number
        self.firstGroup = firstGroup
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(Self.magic)
        writer.put(Self.version)
        writer.put(UInt16(0))
        writer.put(number)
        writer.put(firstGroup)
        writer.put(UInt32(0))
        let crc = writer.bytes.withUnsafeBytes { CRC32C.checksum($0) }
        writer.put(crc)
        return writer.bytes
    }

    /// nil: these bytes are no header, torn, damaged, or of another version.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.byteCount else { return nil }
        var reader = ByteReader(bytes)
        let covered = UnsafeRawBufferPointer(rebasing: bytes[..<(Self.byteCount - 4)])
        guard let magic = try? reader.read(UInt32.self), magic == Self.magic,
            let version = try? reader.read(UInt16.self), version == Self.version,
            (try? reader.read(UInt16.self)) == 0, let number = try? reader.read(UInt64.self),
            let first = try? reader.read(UInt64.self), (try? reader.read(UInt32.self)) == 0,
            let crc = try? reader.read(UInt32.self), crc == CRC32C.checksum(covered)
        else { return nil }
        self.init(number: number, firstGroup: first)
    }
}

/// A file of the journal as found on disk.
struct JournalFile {
    var number: UInt64
    var path: String
    var bytes: Int
    var header: JournalFileHeader?
    /// Nothing was ever written where header and first group belong.
    var isBlank: Bool

    /// Groups were written to it under this number, or its header is damaged and tells nothing.
    /// Otherwise it is kept for later: blank, or with old groups under an old number.
    var isInUse: Bool { header.map { $0.number == number } ?? !isBlank }

    static let suffix = ".jnl"
    /// A file in the making; means nothing after a crash.
    static let newName = "new"

    static func path(_ directory: String, _ number: UInt64) -> String {
        let digits = String(number)
        return directory + "/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
            + suffix
    }

    /// All files of a journal by number.
    static func list(_ directory: String) throws(StoreError) -> [JournalFile] {
        guard FileSystem.exists(directory) else { return [] }
        var files: [JournalFile] = []
        for name in try FileSystem.list(directory) where name.hasSuffix(suffix) {
            guard let number = UInt64(name.dropLast(suffix.count)) else { continue }
            files.append(try look(directory + "/" + name, number))
        }
        return files.sorted { $0.number < $1.number }
    }

    private static func look(_ path: String, _ number: UInt64) throws(StoreError) -> JournalFile {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw FileSystem.failure("open", path) }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0 else { throw FileSystem.failure("read", path) }
        let blocks = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 2 * GroupBuffer.blockBytes, alignment: GroupBuffer.blockBytes)
        defer { blocks.deallocate() }
        let count = try FileSystem.readPart(fd, blocks, at: 0, path: path)
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(blocks)[..<count])
        return JournalFile(
            number: number, path: path, bytes: Int(info.st_size),
            header: JournalFileHeader(bytes), isBlank: bytes.allSatisfy { $0 == 0 })
    }
}

/// The groups in one file, wherever they lie in it.
struct JournalFileReader {
    let path: String
    /// Past the page cache: new pages of it are slow, and nothing is read twice soon.
    let isDirect: Bool

    /// A group as it lies in the file, checked.
    struct Frame {
        var header: GroupHeader
        var body: UnsafeRawBufferPointer
        var hash: UInt64
        var record: UnsafeRawBufferPointer
        /// Where it ends, padding included.
        var end: Int
    }

    /// Hands over every unharmed group in order of place until `body` says stop. What is no group
    /// (damage, a torn end, the middle of an old one) is stepped over block by block, so that
    /// damage in one group hides none behind it. Cost: the file is read whole, into memory of
    /// that size.
    func forEach(_ body: (Frame) throws(StoreError) -> Bool) throws(StoreError) {
        let fd = FileSystem.openFile(path, O_RDONLY, direct: isDirect)
        guard fd >= 0 else { throw FileSystem.failure("open", path) }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0 else { throw FileSystem.failure("read", path) }
        let size = Int(info.st_size)
        let block = GroupBuffer.blockBytes
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(GroupBuffer.padded(size), block), alignment: block)
        defer { memory.deallocate() }
        let count = try FileSystem.readPart(fd, memory, at: 0, path: path)
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count])
        var at = block
        while at < bytes.count {
            guard let frame = Self.frame(bytes, at: at) else {
                at += block
                continue
            }
            guard try body(frame) else { return }
            at = frame.end
        }
    }

    private static func frame(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Frame? {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        guard let body = GroupHeader.bodyCount(rest) else { return nil }
        let length = GroupHeader.byteCount + body + 4
        guard length <= rest.count else { return nil }
        let record = UnsafeRawBufferPointer(rebasing: rest[..<length])
        guard let read = try? GroupHeader.read(record) else { return nil }
        return Frame(
            header: read.header, body: read.body, hash: read.hash, record: record,
            end: start + GroupBuffer.padded(length))
    }
}
