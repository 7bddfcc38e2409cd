import TachoGeo
import TachoStore

/// A consumer of a group: what it has, by id.
final class GroupConsumer {
    let number: UInt32
    let name: [UInt8]
    var seenMs: Int64
    var pending = PendingList<Void>()
    var isDirty = false

    init(number: UInt32, name: [UInt8], seenMs: Int64) {
        self.number = number
        self.name = name
        self.seenMs = seenMs
    }
}

/// A consumer group of a stream. Touched by the thread of the groups alone.
final class StreamGroup {
    let number: UInt32
    let key: StreamKey
    let name: [UInt8]
    /// The newest entry that was delivered.
    var last: StreamID
    /// -1: not known, as in Redis.
    var entriesRead: Int64
    var nextConsumer: UInt32 = 1
    /// Entries that were delivered and not acknowledged.
    var pending = PendingList<PendingRow>()
    private(set) var consumers: [[UInt8]: GroupConsumer] = [:]
    private(set) var byNumber: [UInt32: GroupConsumer] = [:]
    /// Who waits for new entries, in the order they came; some may have gone since.
    var queue = WaitingLine()
    var isDirty = false

    init(number: UInt32, key: StreamKey, name: [UInt8], last: StreamID, entriesRead: Int64) {
        self.number = number
        self.key = key
        self.name = name
        self.last = last
        self.entriesRead = entriesRead
    }

    var row: GroupRow {
        GroupRow(
            stream: key.text, name: name, last: last, entriesRead: entriesRead,
            nextConsumer: nextConsumer)
    }

    func add(_ consumer: GroupConsumer) {
        consumers[consumer.name] = consumer
        byNumber[consumer.number] = consumer
        nextConsumer = max(nextConsumer, consumer.number + 1)
    }

    func remove(_ consumer: GroupConsumer) {
        consumers[consumer.name] = nil
        byNumber[consumer.number] = nil
    }

    /// By name, as Redis lists them.
    var sortedConsumers: [GroupConsumer] {
        consumers.values.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }
}

/// Tokens in the order they came. Those who leave are passed over when it is their turn, and swept out
/// when they are the most.
struct WaitingLine {
    private var tokens: [UInt64] = []
    private var head = 0
    private(set) var living = 0

    mutating func append(_ token: UInt64) {
        tokens.append(token)
        living += 1
    }

    /// One of them is not there any more.
    mutating func leave(_ isThere: (UInt64) -> Bool) {
        living -= 1
        guard tokens.count > 64, tokens.count > 2 * living else { return }
        tokens = tokens[head...].filter(isThere)
        head = 0
    }

    /// The first that is still there; it leaves the line.
    mutating func next(_ isThere: (UInt64) -> Bool) -> UInt64? {
        while head < tokens.count {
            let token = tokens[head]
            head += 1
            if head == tokens.count {
                tokens = []
                head = 0
            }
            if isThere(token) {
                living -= 1
                return token
            }
        }
        return nil
    }

    /// In order, until `body` gives false.
    func forEach(_ body: (UInt64) -> Bool) {
        for token in tokens[head...] where !body(token) { return }
    }
}
