internal import Synchronization
import TachoClient
import TachoGeo

/// Sends batches of an import by the library that services use: it waits out overload, connects again
/// and sends again.
final class BatchSender {
    private let client: TachoClient
    /// What was heard last of the connection, for the reason of a failure.
    private let trouble: Trouble

    static let closed = ToolFailure(ExitStatus.error, "the import is over: nothing was sent")

    init(
        _ address: ServerAddress, _ access: ServerAccess, patienceMs: Int
    ) throws(ToolFailure) {
        let trouble = Trouble()
        var configuration = TachoClientConfiguration(endpoints: [address.description])
        configuration.toolAccess = access
        configuration.deliveryTimeoutMs = patienceMs
        configuration.onEvent = { trouble.note($0) }
        self.trouble = trouble
        do throws(TachoStartError) {
            client = try TachoClient(configuration)
        } catch {
            throw ToolFailure(ExitStatus.error, error.description)
        }
    }

    func send(_ request: [UInt8], fixes: Int) -> PendingMasks {
        guard let pending = client.request(request, points: fixes) else {
            return PendingMasks { .failure(.failed(Self.closed)) }
        }
        let trouble = trouble
        return PendingMasks { Self.masks(pending.wait(), trouble) }
    }

    private static func masks(
        _ receipt: BatchReceipt, _ trouble: Trouble
    ) -> Result<[ReplyMask], StoreRefusal> {
        var masks = [ReplyMask](repeating: .stored, count: receipt.count)
        for (index, outcome) in receipt.exceptions {
            switch outcome {
            case .stored(let acknowledgement):
                // Whether it was sent again is nothing that an import counts.
                masks[index] = ReplyMask(
                    rawValue: UInt8(truncatingIfNeeded: acknowledgement.rawValue))
            case .malformed: masks[index] = .malformed
            case .refused(let reason, _):
                return .failure(.failed(ClientError.refused(reason).failure))
            case .notDelivered(let reason, _): return .failure(trouble.refusal(reason))
            }
        }
        return .success(masks)
    }

    func close() { client.shutdownWaiting(graceMs: 1_000) }
}

/// Why a batch is not delivered: what the library said last.
private final class Trouble: Sendable {
    private let last = Mutex<TachoClientEvent?>(nil)

    func note(_ event: TachoClientEvent) { last.withLock { $0 = event } }

    func refusal(_ reason: String) -> StoreRefusal {
        switch last.withLock({ $0 }) {
        case .overloaded(let reason, let retryMs)?:
            return .tryAgain(afterMs: retryMs, reason: reason)
        case .disconnected(let endpoint, let why, _)?:
            return .failed(
                ToolFailure(
                    ExitStatus.notReachable,
                    "no server at \(endpoint) (\(why)): start tachod and run the same import again,"
                        + " what is stored counts as duplicate"))
        default: return .failed(ToolFailure(ExitStatus.notReachable, reason))
        }
    }
}
