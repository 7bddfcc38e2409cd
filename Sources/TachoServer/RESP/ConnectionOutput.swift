import Logging
import NIOCore
import TachoWire

/// How replies leave a connection: one write a turn, counted where the client is slow to take them,
/// in memory that is the connection's own only while something is in it.
extension ConnectionHandler {
    func sendOutput() {
        guard let context else { return }
        guard output.count > 0 else { return returnOutput() }
        let buffer = context.channel.allocator.buffer(bytes: output.bytes)
        output.removeAll()
        returnOutput()
        hand(buffer, to: context)
        guard !isWritable else { return }
        let waiting = countOutput()
        if waiting > service.limits.outputBytes {
            closeUntaken()
        } else if service.heldOutputBytes > service.limits.allOutputBytes {
            service.closeLargest()
        }
    }

    /// Short replies leave at the end of the loop's turn, after those of all connections that had
    /// requests in it: a client of many connections is woken once and finds them all.
    private func hand(_ reply: ByteBuffer, to context: ChannelHandlerContext) {
        let isShort = reply.readableBytes <= Self.lateBytes
        context.write(wrapOutboundOut(reply), promise: nil)
        if isShort && isWritable {
            guard !isFlushDue else { return }
            isFlushDue = true
            service.flushLater(self)
        } else {
            context.flush()
        }
    }

    /// The service's turn ends.
    func flushDue() {
        isFlushDue = false
        context?.flush()
    }

    /// More than this leaves at once, so that the client has work while the rest is answered.
    private static let lateBytes = 4_096

    /// What others are sent too, behind what was collected: it is not copied.
    func send(_ shared: ByteBuffer) {
        sendOutput()
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(shared), promise: nil)
        if !isWritable { countOutput() }
    }

    /// Bytes that wait to be sent, noted for all to be bounded together.
    @discardableResult
    func countOutput() -> Int {
        let waiting = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
        count(output: waiting ?? 0)
        return countedOutput
    }

    func count(output bytes: Int) {
        if bytes < countedOutput { service.freed(countedOutput - bytes) }
        service.heldOutputBytes += bytes - countedOutput
        countedOutput = bytes
    }

    /// Its client does not take what it asked for.
    func closeUntaken() {
        service.logger.warning(
            "connection \(id) closed: \(countedOutput) bytes of replies were not taken")
        closeNow()
    }

    /// Between turns a connection has no memory for replies of its own: ten thousand would keep the
    /// longest reply each.
    func borrowOutput() {
        if output.count == 0, output.capacity < service.spareOutput.capacity {
            output.exchange(with: &service.spareOutput)
        }
    }

    private func returnOutput() {
        guard output.count == 0, output.capacity > 0 else { return }
        if output.capacity > service.spareOutput.capacity {
            output.exchange(with: &service.spareOutput)
        }
        output.drop()
    }
}
