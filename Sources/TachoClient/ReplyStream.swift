import NIOCore
import TachoWire

/// The replies in the bytes of one connection, as they come. Not to be asked on after it refused.
struct ReplyStream {
    private var parser = ReplyParser()
    private var received = ByteBuffer()

    /// What came. Not copied where nothing was left of what came before.
    mutating func append(_ bytes: ByteBuffer) {
        var bytes = bytes
        if received.readableBytes == 0 {
            received = bytes
        } else {
            received.discardReadBytes()
            received.writeBuffer(&bytes)
        }
    }

    /// The next whole reply; nil: it has not come yet.
    mutating func next() throws(ReplyError) -> Reply? {
        guard received.readableBytes > 0 else {
            // The channel gets its buffer back.
            received = ByteBuffer()
            return nil
        }
        // Held once more: a part of self cannot be read while another one changes.
        let held = received
        switch parser.next(held.readableBytesSpan) {
        case .needsMore: return nil
        case .reply(let reply, let count):
            received.moveReaderIndex(forwardBy: count)
            return reply
        case .refused(let error): throw error
        }
    }
}
