import NIOCore
import TachoWire

/// The bytes of one connection that are not answered yet, and how far they are understood.
struct RequestInput {
    enum Next {
        /// A whole request is at hand until `consume`.
        case request
        /// Nothing that has arrived can be taken any more.
        case usedUp
        case refused(ProtocolError)
    }

    private var buffer = ByteBuffer()
    private var parser = RequestParser()
    /// Bytes of the request at hand.
    private var current: Int?

    var count: Int { buffer.readableBytes }

    /// False: the client may send little until it has logged in.
    var isLoggedIn: Bool {
        get { parser.isLoggedIn }
        set { parser.isLoggedIn = newValue }
    }

    mutating func append(_ received: consuming ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = received
        } else {
            buffer.writeImmutableBuffer(received)
        }
    }

    mutating func next() -> Next {
        if current != nil { return .request }
        // A second reference, not a copy of bytes: the parser changes while it reads the buffer.
        let bytes = buffer
        switch parser.next(bytes.readableBytesSpan) {
        case .needsMore: return .usedUp
        case .refused(let error): return .refused(error)
        case .request(let bytes):
            current = bytes
            return .request
        }
    }

    /// Lends the riders of plain T.GETs that come next, all that are whole, and they are done.
    /// Returns how many; 0: the next request is another one, or already at hand.
    mutating func takeLatest(
        _ body: (UnsafeRawBufferPointer, UnsafeMutableBufferPointer<ArgumentSlice>) -> Void
    ) -> Int {
        guard current == nil, !parser.isInsideRequest else { return 0 }
        return withUnsafeTemporaryAllocation(
            of: ArgumentSlice.self, capacity: Self.latestAtOnce
        ) { riders in
            let (count, size) = buffer.withUnsafeReadableBytes { bytes in
                let found = LatestRequests.read(bytes.bytes, into: riders)
                if found.count > 0 { body(bytes, .init(rebasing: riders[..<found.count])) }
                return found
            }
            buffer.moveReaderIndex(forwardBy: size)
            return count
        }
    }

    /// As many as are usual in a pipeline: the reply is some 14 KB.
    private static let latestAtOnce = 64

    /// Lends the request at hand.
    func withArguments<R>(_ body: (Arguments) -> R) -> R {
        buffer.withUnsafeReadableBytes { bytes in parser.withArguments(of: bytes, body) }
    }

    /// The request at hand is done.
    mutating func consume() {
        guard let current else { preconditionFailure("no request at hand") }
        buffer.moveReaderIndex(forwardBy: current)
        self.current = nil
    }

    /// Gives back memory: a few bytes of a request need not hold a whole read's buffer.
    mutating func trim() {
        if count == 0 {
            buffer = ByteBuffer()
        } else if buffer.storageCapacity > 4 * count + Self.keptBytes {
            buffer = ByteBuffer(bytes: buffer.readableBytesView)
        } else {
            buffer.discardReadBytes()
        }
    }

    mutating func removeAll() { buffer = ByteBuffer() }

    private static let keptBytes = 1_024
}
