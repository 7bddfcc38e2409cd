import TachoClient
import TachoDial

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Text of any length that is written once and then read once: the first of it in memory, all of it
/// in a temporary file without a name when it grows beyond that.
final class SpooledText {
    private var held: [UInt8] = []
    private var descriptor: Int32 = -1

    private static let heldBytes = 1 << 20
    private static let blockBytes = 256 << 10

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ text: [UInt8]) throws(ToolFailure) {
        held.append(contentsOf: text)
        if held.count >= Self.heldBytes { try spill() }
    }

    /// Copies everything.
    func copy(to output: Output) throws {
        if descriptor >= 0 {
            try spill()
            guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw Self.failure(errno) }
            var block = [UInt8](repeating: 0, count: Self.blockBytes)
            while true {
                let count = read(descriptor, &block, block.count)
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { throw Self.failure(errno) }
                if count == 0 { return }
                try output.append { $0.append(contentsOf: block[..<count]) }
            }
        }
        try output.append { $0.append(contentsOf: held) }
    }

    private func spill() throws(ToolFailure) {
        if descriptor < 0 { try create() }
        var done = 0
        while done < held.count {
            let count = held.withUnsafeBytes {
                write(descriptor, $0.baseAddress! + done, $0.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(errno) }
            done += count
        }
        held.removeAll(keepingCapacity: true)
    }

    private static var directory: String {
        guard let chosen = getenv("TMPDIR"), chosen.pointee != 0 else { return "/tmp" }
        return String(cString: chosen)
    }

    private func create() throws(ToolFailure) {
        var template = Array((Self.directory + "/tacho-track-XXXXXX").utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        // Without a name it is gone with the process, however that ends.
        unlink(template)
    }

    private static func failure(_ code: Int32) -> ToolFailure {
        ToolFailure(
            ExitStatus.cannotCreate,
            "cannot keep a part of the track in \(directory) (\(systemReason(code))): set TMPDIR to a"
                + " directory with room")
    }
}
