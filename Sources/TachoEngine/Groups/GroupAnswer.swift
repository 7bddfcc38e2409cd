package import TachoGeo

/// What is answered to a `GroupRequest`, when what it changed is on the device.
package enum GroupAnswer: Sendable {
    case ok
    case integer(Int64)
    /// Nothing new, or the time is over.
    case nothing
    case read([(key: [UInt8], entries: [StreamEntry])])
    case claimed([StreamEntry])
    case claimedIDs([AlertID])
    /// `next`: where to go on; nil: all was looked at.
    case autoClaimed(next: AlertID?, [StreamEntry], deleted: [AlertID])
    case autoClaimedIDs(next: AlertID?, [AlertID], deleted: [AlertID])
    case summary(PendingSummary)
    case pending([PendingShown])
    case stream(StreamShown)
    case groups([GroupShown])
    case consumers([ConsumerShown])
    case refused(GroupRefusal)
}

/// Why nothing was done.
package enum GroupRefusal: Error, Hashable, Sendable {
    /// Of XGROUP: there is no such stream.
    case noStream
    /// Of XINFO.
    case noKey
    case noGroup(GroupPlace)
    /// Of XGROUP and XINFO, which name the key in other words.
    case noGroupOfKey(GroupPlace)
    case noGroupToRead(GroupPlace)
    case isThere
    /// It was destroyed while a reader waited for it.
    case isGone
    /// Nothing can ever be in a stream of that name.
    case cannotMake(StreamKey)
    case name(most: Int)
    case tooMany(String, most: Int)
    case tooLong
    case tryAgain(afterMs: Int, reason: String)
    case stopped(String)
}

/// How much one reply may hold: the rest is told by the next call, or is an error where a client would
/// take a short reply for the last.
package struct GroupReplyLimits: Sendable {
    package var entries: Int
    package var bytes: Int

    package init(entries: Int, bytes: Int) {
        self.entries = entries
        self.bytes = bytes
    }
}

package struct PendingSummary: Hashable, Sendable {
    package var count: Int
    package var first: AlertID?
    package var last: AlertID?
    /// Those that have any, by name.
    package var consumers: [(name: [UInt8], count: Int)]

    package static func == (a: PendingSummary, b: PendingSummary) -> Bool {
        a.count == b.count && a.first == b.first && a.last == b.last
            && a.consumers.elementsEqual(b.consumers) { $0.name == $1.name && $0.count == $1.count }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(count) }
}

package struct PendingShown: Hashable, Sendable {
    package var id: AlertID
    package var consumer: [UInt8]
    package var deliveredMs: Int64
    package var idleMs: Int64
    package var count: Int
}

package struct ConsumerShown: Hashable, Sendable {
    package var name: [UInt8]
    package var pending: Int
    package var seenMs: Int64
    package var idleMs: Int64
    /// Of XINFO STREAM FULL.
    package var own: [PendingShown] = []
}

package struct GroupShown: Hashable, Sendable {
    package var name: [UInt8]
    package var consumers: Int
    package var pending: Int
    package var last: StreamID
    package var entriesRead: Int64?
    /// Entries that are to be delivered yet; nil: it cannot be told without counting.
    package var lag: Int64?
    /// Of XINFO STREAM FULL.
    package var full: (pending: [PendingShown], consumers: [ConsumerShown])?

    package static func == (a: GroupShown, b: GroupShown) -> Bool {
        a.name == b.name && a.consumers == b.consumers && a.pending == b.pending
            && a.last == b.last && a.entriesRead == b.entriesRead && a.lag == b.lag
            && a.full?.pending == b.full?.pending && a.full?.consumers == b.full?.consumers
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

package struct StreamShown: Sendable {
    package var length: Int
    package var last: AlertID?
    package var firstID: AlertID?
    package var groupCount: Int
    package var firstEntry: StreamEntry?
    package var lastEntry: StreamEntry?
    /// Of XINFO STREAM FULL.
    package var full: (entries: [StreamEntry], groups: [GroupShown])?
}
