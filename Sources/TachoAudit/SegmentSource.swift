/// The bytes of a segment: a file, or memory.
package enum SegmentSource: Sendable {
    case file(AuditFile)
    case memory([UInt8])

    package init(path: String) throws(SegmentError) { self = .file(try AuditFile(path: path)) }

    package var byteCount: UInt64 {
        switch self {
        case .file(let file): file.byteCount
        case .memory(let bytes): UInt64(bytes.count)
        }
    }

    /// Replaces `buffer` by `count` bytes from `offset` on, which the caller knows to exist.
    func read(
        at offset: UInt64, count: Int, into buffer: inout [UInt8]
    ) throws(SegmentError) {
        precondition(count >= 0 && offset + UInt64(count) <= byteCount, "reads stay in the file")
        switch self {
        case .memory(let bytes):
            buffer.removeAll(keepingCapacity: true)
            buffer += bytes[Int(offset)..<Int(offset) + count]
        case .file(let file):
            if buffer.count > count { buffer.removeLast(buffer.count - count) }
            if buffer.count < count {
                buffer += repeatElement(0, count: count - buffer.count)
            }
            let result = buffer.withUnsafeMutableBytes { raw in
                Result { () throws(SegmentError) in try file.read(into: raw, at: offset) }
            }
            try result.get()
        }
    }

    /// Fills `target` from `offset` on, which the caller knows to exist.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SegmentError) {
        switch self {
        case .memory(let bytes):
            bytes.withUnsafeBytes {
                target.copyMemory(
                    from: UnsafeRawBufferPointer(
                        rebasing: $0[Int(offset)..<Int(offset) + target.count]))
            }
        case .file(let file): try file.read(into: target, at: offset)
        }
    }

    func read(at offset: UInt64, count: Int) throws(SegmentError) -> [UInt8] {
        var buffer: [UInt8] = []
        try read(at: offset, count: count, into: &buffer)
        return buffer
    }

    /// Passes `range` through `body` in pieces of at most 1 MiB.
    func forEachPiece(
        of range: Range<UInt64>, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        var buffer: [UInt8] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = Int(min(UInt64(Self.pieceBytes), range.upperBound - offset))
            try read(at: offset, count: count, into: &buffer)
            buffer.withUnsafeBytes(body)
            offset += UInt64(count)
        }
    }

    static let pieceBytes = 1 << 20
}
