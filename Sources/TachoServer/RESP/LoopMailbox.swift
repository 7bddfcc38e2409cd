import NIOCore
import Synchronization
import TachoEngine
import TachoGeo

/// How the engine's threads hand results to the event loop: an array under a lock, and a wake-up
/// only when it was empty. A commit group with the fixes of a thousand connections wakes the loop
/// once.
final class LoopMailbox: Sendable {
    enum Letter: Sendable {
        case written(connection: UInt64, ticket: UInt64, Result<[ReplyMask], AppendError>)
        /// The next piece of a read's reply; `answered` has the last.
        case answering(connection: UInt64, ticket: UInt64, piece: [UInt8])
        /// A read's reply, written in RESP by the thread that had the result.
        case answered(connection: UInt64, ticket: UInt64, reply: [UInt8])
        /// A password was checked.
        case checked(number: UInt64, isRight: Bool)
        case newAlerts
        /// Riders that somebody looks at are elsewhere now.
        case moves
    }

    private struct Waiting {
        var letters: [Letter] = []
        /// One says as much as many.
        var hasNews = false
    }

    private let waiting = Mutex(Waiting())
    private let loop: any EventLoop
    private let receiver: NIOLoopBoundBox<RespService?>

    init(loop: any EventLoop) {
        self.loop = loop
        receiver = NIOLoopBoundBox.makeEmptyBox(valueType: RespService.self, eventLoop: loop)
    }

    /// On the loop: letters go to `service` from now on; nil ends the delivery.
    func deliver(to service: RespService?) { receiver.value = service }

    /// From any thread. Bounded by what connections may have unanswered.
    func post(_ letter: Letter) {
        let wasEmpty = waiting.withLock { waiting in
            if case .newAlerts = letter {
                if waiting.hasNews { return false }
                waiting.hasNews = true
            }
            waiting.letters.append(letter)
            return waiting.letters.count == 1
        }
        if wasEmpty { loop.execute { self.drain() } }
    }

    private func drain() {
        let letters = waiting.withLock { waiting in
            let all = waiting.letters
            waiting = Waiting()
            return all
        }
        receiver.value?.receive(letters)
    }
}
