internal import TachoClient
import TachoDial

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Nobody reads the output any more, as with `| head`: end quietly.
package struct OutputClosed: Error {}

/// Bytes on their way to a file descriptor, 64 KiB at a time.
package final class Output {
    private let descriptor: Int32
    private let name: String
    private var buffer: [UInt8] = []

    private static let blockBytes = 64 << 10

    /// Does not own the descriptor.
    package init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
        buffer.reserveCapacity(Self.blockBytes * 2)
    }

    package static func standard() -> Output {
        // A closed pipe comes back as an error, which says more than a signal.
        signal(SIGPIPE, SIG_IGN)
        return Output(descriptor: 1, name: "the output")
    }

    /// Lets `body` append; writes when enough has come together.
    package func append(_ body: (inout [UInt8]) throws -> Void) throws {
        try body(&buffer)
        if buffer.count >= Self.blockBytes { try flush() }
    }

    package func line(_ bytes: [UInt8]) throws {
        try append {
            $0.append(contentsOf: bytes)
            $0.append(UInt8(ascii: "\n"))
        }
    }

    package func line(_ text: String) throws { try line(Array(text.utf8)) }

    /// Throws `OutputClosed`, or `ToolFailure` when the bytes cannot be written.
    package func flush() throws {
        defer { buffer.removeAll(keepingCapacity: true) }
        try buffer.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if count >= 0 {
                    done += count
                } else if errno == EPIPE {
                    throw OutputClosed()
                } else if errno != EINTR {
                    throw ToolFailure(
                        ExitStatus.ioError, "cannot write \(name): \(systemReason(errno))")
                }
            }
        }
    }
}
