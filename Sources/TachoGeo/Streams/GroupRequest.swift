/// A stream that a command about consumer groups names, as it was written and as it was understood.
package struct StreamKey: Hashable, Sendable {
    package var text: [UInt8]
    package var name: StreamName

    package init(_ text: UnsafeRawBufferPointer) {
        self.text = Array(text)
        name = StreamName(text)
    }
}

/// What is asked of the consumer groups of one stream, or of several that are read together.
package enum GroupRequest: Hashable, Sendable {
    /// `makesStream`: where the stream does not exist, it does from here on.
    case create(GroupPlace, start: GroupStart, makesStream: Bool, entriesRead: Int64?)
    case setID(GroupPlace, start: GroupStart, entriesRead: Int64?)
    case destroy(GroupPlace)
    case createConsumer(GroupPlace, [UInt8])
    case deleteConsumer(GroupPlace, [UInt8])
    case read(GroupRead)
    case acknowledge(GroupPlace, [StreamID])
    case summary(GroupPlace)
    case pending(GroupPlace, PendingQuery)
    case claim(GroupPlace, GroupClaim)
    case autoClaim(GroupPlace, GroupAutoClaim)
    case stream(StreamKey)
    /// `count`: entries, and pending ones of each group and consumer; 0: all.
    case streamInFull(StreamKey, count: Int)
    case groups(StreamKey)
    case consumers(GroupPlace)
}

package struct GroupPlace: Hashable, Sendable {
    package var key: StreamKey
    package var group: [UInt8]

    package init(key: StreamKey, group: [UInt8]) {
        self.key = key
        self.group = group
    }
}

/// Behind which entry a group begins.
package enum GroupStart: Hashable, Sendable {
    case newest
    case after(StreamID)
}

/// XREADGROUP.
package struct GroupRead: Hashable, Sendable {
    package var group: [UInt8]
    package var consumer: [UInt8]
    package var streams: [(key: StreamKey, own: StreamID?)] = []
    package var count: Int?
    /// nil: answer at once; 0: wait for ever.
    package var blockMs: Int64?
    /// What is delivered counts as acknowledged.
    package var noAck = false

    package init(group: [UInt8], consumer: [UInt8]) {
        self.group = group
        self.consumer = consumer
    }

    package static func == (a: GroupRead, b: GroupRead) -> Bool {
        a.group == b.group && a.consumer == b.consumer && a.count == b.count
            && a.blockMs == b.blockMs && a.noAck == b.noAck
            && a.streams.elementsEqual(b.streams) { $0.key == $1.key && $0.own == $1.own }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(group)
        hasher.combine(consumer)
    }
}

/// XPENDING with a range: ids, both included.
package struct PendingQuery: Hashable, Sendable {
    package var start = StreamID.zero
    package var end = StreamID.greatest
    package var count = 0
    package var minIdleMs: Int64 = 0
    package var consumer: [UInt8]?

    package init() {}
}

/// XCLAIM.
package struct GroupClaim: Hashable, Sendable {
    package var consumer: [UInt8]
    package var minIdleMs: Int64
    package var ids: [StreamID] = []
    /// When it counts as delivered; nil: now. A time to come is now too.
    package var delivered: Delivered?
    package var retries: Int64?
    package var forces = false
    package var idsOnly = false
    package var lastID: StreamID?

    package enum Delivered: Hashable, Sendable {
        case idleMs(Int64)
        case atMs(Int64)
    }

    package init(consumer: [UInt8], minIdleMs: Int64) {
        self.consumer = consumer
        self.minIdleMs = minIdleMs
    }
}

/// XAUTOCLAIM.
package struct GroupAutoClaim: Hashable, Sendable {
    package var consumer: [UInt8]
    package var minIdleMs: Int64
    package var start: StreamID
    package var count = 100
    package var idsOnly = false

    package init(consumer: [UInt8], minIdleMs: Int64, start: StreamID) {
        self.consumer = consumer
        self.minIdleMs = minIdleMs
        self.start = start
    }
}
