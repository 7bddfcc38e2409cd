#if canImport(Glibc)
    import Glibc
#endif

/// A commit group in the making, in memory that a device can take it from: page-aligned, touched
/// once and used again for every group. A point's bytes are copied here from its part and nowhere
/// else after that.
///
/// The block in front is for the header of a journal file that begins with the group, so that both
/// go in one write. Used by one thread at a time.
package final class GroupBuffer {
    /// Unit of writing: what a device and O_DIRECT ask for.
    package static let blockBytes = 4096

    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes of the group's header and body.
    private var count = GroupHeader.byteCount
    private var recordBytes = 0

    package init(capacity: Int = 2 << 20) {
        self.capacity = Self.padded(capacity)
        base = Self.allocate(self.capacity)
    }

    deinit { free(base) }

    package static func padded(_ bytes: Int) -> Int {
        (bytes + blockBytes - 1) / blockBytes * blockBytes
    }

    private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        var memory: UnsafeMutableRawPointer?
        let result = posix_memalign(&memory, blockBytes, bytes)
        precondition(result == 0, "no memory for a commit group of \(bytes) bytes")
        // Touched now, not while writers wait for the first group.
        memset(memory!, 0, bytes)
        return memory!
    }

    /// Bytes of the events so far.
    package var bodyCount: Int { count - GroupHeader.byteCount }

    package func clear() {
        count = GroupHeader.byteCount
        recordBytes = 0
    }

    package func append(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        memcpy(base + Self.blockBytes + count, start, bytes.count)
        count += bytes.count
    }

    package func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// Room for `more` bytes, the checksum and the zeros behind it.
    private func reserve(_ more: Int) {
        let needed = Self.blockBytes + Self.padded(count + more + 4)
        guard needed > capacity else { return }
        let size = Self.padded(max(needed, capacity * 2))
        let bigger = Self.allocate(size)
        memcpy(bigger, base, Self.blockBytes + count)
        free(base)
        base = bigger
        capacity = size
    }

    /// Puts the header in front and checksum and zeros behind. Returns the group's hash.
    package func finish(_ header: GroupHeader) -> UInt64 {
        reserve(0)
        let record = base + Self.blockBytes
        header.write(bodyCount: bodyCount, to: record)
        let crc = GroupHeader.checksum(UnsafeRawBufferPointer(start: record, count: count))
        (record + count).storeBytes(of: crc.littleEndian, as: UInt32.self)
        recordBytes = count + 4
        memset(record + recordBytes, 0, Self.padded(recordBytes) - recordBytes)
        return GroupHeader.hash(crc: crc, previous: header.previousHash)
    }

    /// Header, body and checksum, after `finish`.
    package var record: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + Self.blockBytes, count: recordBytes)
    }

    /// Bytes the group takes in a file.
    package var paddedBytes: Int { Self.padded(recordBytes) }

    /// What is written: the group alone, or with the header of the file it begins.
    func output(beginning file: JournalFileHeader?) -> UnsafeRawBufferPointer {
        guard let file else {
            return UnsafeRawBufferPointer(start: base + Self.blockBytes, count: paddedBytes)
        }
        let encoded = file.encoded()
        memset(base, 0, Self.blockBytes)
        encoded.withUnsafeBytes { base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return UnsafeRawBufferPointer(start: base, count: Self.blockBytes + paddedBytes)
    }
}
