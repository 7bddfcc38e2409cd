internal import CZlib

/// Why bytes that start like gzip are not a whole gzip file.
package enum GzipError: Error, Equatable {
    /// The file ends inside a member: it was cut.
    case truncated
    /// A header, a code or a checksum is wrong; the text says which.
    case damaged(String)
    /// Something that is neither a further member nor zero padding follows.
    case trailingBytes
    /// zlib could not start: no memory.
    case noMemory

    package var message: String {
        switch self {
        case .truncated: "the gzip data end too early, fetch the file again"
        case .damaged(let reason): "the gzip data are damaged (\(reason)), fetch the file again"
        case .trailingBytes: "bytes that are not gzip follow the compressed data"
        case .noMemory: "no memory to decompress"
        }
    }
}

/// Hands on the content of a file that is plain or gzip-compressed, whatever it is.
///
/// Bytes come in any cuts. A file is gzip when it starts with 1F 8B (RFC 1952), which no text file
/// does; then members follow one another, and zero bytes may fill up the end, as tapes and tar
/// leave them. Memory: one output buffer of 256 KiB and zlib's window, for any length of file.
package final class GzipReader {
    private enum Stage {
        /// Fewer than two bytes seen.
        case undecided
        case plain
        case insideMember
        /// A member is complete; another, or padding, may follow.
        case betweenMembers
        case padding
    }

    private var stage = Stage.undecided
    /// Bytes that could be the start of a member and are not enough to tell.
    private var held: [UInt8] = []
    // zlib keeps the address of its stream, so the stream may not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isStarted = false
    private let output: UnsafeMutableRawBufferPointer

    private static let outputBytes = 256 << 10
    private static let gzipWindow: Int32 = 15 + 16

    package init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        output = .allocate(byteCount: Self.outputBytes, alignment: 16)
    }

    deinit {
        if isStarted { inflateEnd(stream) }
        stream.deinitialize(count: 1)
        stream.deallocate()
        output.deallocate()
    }

    /// The file turned out to be compressed.
    package var isCompressed: Bool { isStarted }

    /// Takes the next bytes of the file and hands out what they decompress to. `isLast` says that
    /// the file ends here. Throws `GzipError`, or what `body` throws.
    package func feed(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        if held.isEmpty {
            try take(bytes, isLast: isLast, body)
        } else {
            let all = held + bytes
            held = []
            try all.withUnsafeBytes { try take($0, isLast: isLast, body) }
        }
        if isLast, case .insideMember = stage { throw GzipError.truncated }
    }

    private func take(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch stage {
            case .undecided:
                if rest.count < 2 && !isLast {
                    held = Array(rest)
                    return
                }
                if rest.starts(with: Self.magic) { try startMember() } else { stage = .plain }
            case .plain:
                try body(UnsafeRawBufferPointer(rebasing: rest))
                return
            case .insideMember:
                rest = rest.dropFirst(try inflateSome(UnsafeRawBufferPointer(rebasing: rest), body))
            case .betweenMembers:
                if rest.first == 0 {
                    stage = .padding
                } else if rest.count < 2 && !isLast {
                    held = Array(rest)
                    return
                } else {
                    guard rest.starts(with: Self.magic) else { throw GzipError.trailingBytes }
                    try startMember()
                }
            case .padding:
                guard rest.allSatisfy({ $0 == 0 }) else { throw GzipError.trailingBytes }
                return
            }
        }
    }

    private static let magic: [UInt8] = [0x1F, 0x8B]

    private func startMember() throws {
        let status =
            isStarted
            ? inflateReset(stream)
            : inflateInit2_(
                stream, Self.gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw GzipError.noMemory }
        isStarted = true
        stage = .insideMember
    }

    /// Decompresses until the input is used up or the member ends. Returns how much was used.
    private func inflateSome(
        _ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        // zlib counts input in 32 bits; callers hand over file blocks far below that.
        precondition(input.count <= Int(UInt32.max))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        while true {
            stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.avail_out = UInt32(output.count)
            let status = inflate(stream, Z_NO_FLUSH)
            let made = output.count - Int(stream.pointee.avail_out)
            switch status {
            case Z_OK, Z_BUF_ERROR, Z_STREAM_END: break
            case Z_MEM_ERROR: throw GzipError.noMemory
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "code \(status)"
                throw GzipError.damaged(reason)
            }
            if made > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<made])) }
            if status == Z_STREAM_END {
                stage = .betweenMembers
                break
            }
            // Output space left over means that zlib waits for input.
            if stream.pointee.avail_out > 0 { break }
        }
        return input.count - Int(stream.pointee.avail_in)
    }
}
