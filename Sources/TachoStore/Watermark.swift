import TachoCodec

#if canImport(Glibc)
    import Glibc
#endif

/// How far the store was certainly durable: what tells a torn tail from lost data after a crash.
package struct Watermark: Hashable, Sendable {
    /// Counts writes of the watermark; the higher of two valid slots is the current one.
    package var counter: UInt64
    /// The last durable commit group; 0: none yet.
    package var group: UInt64
    /// The sequence the next stored point gets after that group.
    package var nextSequence: UInt64
    /// `GroupHeader.hash` of that group.
    package var hash: UInt64
    /// The store was closed in good order at this mark.
    package var isClean: Bool

    package init(
        counter: UInt64 = 0, group: UInt64 = 0, nextSequence: UInt64 = 1, hash: UInt64 = 0,
        isClean: Bool = false
    ) {
        self.counter = counter
        self.group = group
        self.nextSequence = nextSequence
        self.hash = hash
        self.isClean = isClean
    }

    package static let byteCount = 48
    static let magic: UInt32 = 0x4B4D_5754  // "TWMK"

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(Self.magic)
        writer.put(UInt16(0))
        writer.put(UInt16(isClean ? 1 : 0))
        writer.put(counter)
        writer.put(group)
        writer.put(nextSequence)
        writer.put(hash)
        writer.put(UInt32(0))
        let crc = writer.bytes.withUnsafeBytes { CRC32C.checksum($0) }
        writer.put(crc)
        return writer.bytes
    }

    /// nil: these bytes are no watermark, torn or damaged.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.byteCount else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<(Self.byteCount - 4)])
        var reader = ByteReader(bytes)
        guard let magic = try? reader.read(UInt32.self), magic == Self.magic,
            let version = try? reader.read(UInt16.self), version == 0,
            let flags = try? reader.read(UInt16.self), let counter = try? reader.read(UInt64.self),
            let group = try? reader.read(UInt64.self), let next = try? reader.read(UInt64.self),
            let hash = try? reader.read(UInt64.self), (try? reader.read(UInt32.self)) == 0,
            let crc = try? reader.read(UInt32.self), crc == CRC32C.checksum(body)
        else { return nil }
        self.init(
            counter: counter, group: group, nextSequence: next, hash: hash, isClean: flags & 1 != 0)
    }
}

/// The file `watermark`: two slots, each alone in its own 4 KiB block, written in turn, so that a
/// torn write can only hurt the older of the two. Used by one thread at a time.
package final class WatermarkFile: @unchecked Sendable {
    private let descriptor: Int32
    private let path: String
    package private(set) var current: Watermark

    package static let blockBytes = 4096

    /// Opens the file; makes it when `create`.
    package static func open(_ path: String, create: Bool) throws(StoreError) -> WatermarkFile {
        let flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0)
        let fd = Glibc.open(path, flags, 0o640)
        guard fd >= 0 else {
            if !create && errno == ENOENT { throw .damaged("\(path) is missing") }
            throw FileSystem.failure("open", path)
        }
        if create {
            var first = Watermark().encoded()
            first += [UInt8](repeating: 0, count: 2 * blockBytes - first.count)
            try FileSystem.writeAll(fd, first, at: 0, path: path)
            guard fsync(fd) == 0 else { throw FileSystem.failure("sync", path) }
            return WatermarkFile(descriptor: fd, path: path, current: Watermark())
        }
        let bytes = try FileSystem.readAll(path)
        var best: Watermark?
        for slot in 0..<2 where bytes.count >= slot * blockBytes + Watermark.byteCount {
            let mark = bytes.withUnsafeBytes {
                Watermark(UnsafeRawBufferPointer(rebasing: $0[(slot * blockBytes)...]))
            }
            if let mark, mark.counter > best?.counter ?? 0 || best == nil { best = mark }
        }
        guard let best else {
            close(fd)
            throw .damaged("\(path) holds no valid watermark")
        }
        return WatermarkFile(descriptor: fd, path: path, current: best)
    }

    private init(descriptor: Int32, path: String, current: Watermark) {
        self.descriptor = descriptor
        self.path = path
        self.current = current
    }

    deinit { close(descriptor) }

    /// Makes `mark` durable; its counter is set here. Cost: one write and one fdatasync.
    package func advance(to mark: Watermark) throws(StoreError) {
        var next = mark
        next.counter = current.counter + 1
        var block = next.encoded()
        block += [UInt8](repeating: 0, count: Self.blockBytes - block.count)
        let slot = Int(next.counter % 2)
        try FileSystem.writeAll(
            descriptor, block, at: slot * Self.blockBytes, path: path)
        guard fdatasync(descriptor) == 0 else { throw FileSystem.failure("sync", path) }
        current = next
    }
}
