import TachoCodec
package import TachoGeo

/// A consumer group. Rows of family `groups`; `format-spec.md` §6 and §20.
package struct GroupRow: Hashable, Sendable {
    package var stream: [UInt8]
    package var name: [UInt8]
    /// The newest entry that was delivered.
    package var last: StreamID
    /// How many were, as Redis counts; -1: not known.
    package var entriesRead: Int64
    package var nextConsumer: UInt32

    package init(
        stream: [UInt8], name: [UInt8], last: StreamID, entriesRead: Int64, nextConsumer: UInt32
    ) {
        self.stream = stream
        self.name = name
        self.last = last
        self.entriesRead = entriesRead
        self.nextConsumer = nextConsumer
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt8(0))
        writer.putBlob(stream)
        writer.putBlob(name)
        writer.put(last.ms)
        writer.put(last.n)
        writer.put(entriesRead)
        writer.put(nextConsumer)
        return writer.bytes
    }

    package static func read(_ row: UnsafeRawBufferPointer) throws(StoreError) -> GroupRow {
        var reader = ByteReader(row)
        do {
            guard try reader.read(UInt8.self) == 0 else { throw StoreError.damaged("") }
            let group = GroupRow(
                stream: try reader.readBlob(), name: try reader.readBlob(),
                last: StreamID(ms: try reader.read(), n: try reader.read()),
                entriesRead: try reader.read(), nextConsumer: try reader.read())
            guard reader.isAtEnd, group.last.ms >= 0, group.entriesRead >= -1 else {
                throw StoreError.damaged("")
            }
            return group
        } catch {
            throw .damaged("a consumer group cannot be read")
        }
    }
}

package struct ConsumerRow: Hashable, Sendable {
    package var name: [UInt8]
    /// When it last got or claimed something, Unix ms.
    package var seenMs: Int64

    package init(name: [UInt8], seenMs: Int64) {
        self.name = name
        self.seenMs = seenMs
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt8(0))
        writer.putBlob(name)
        writer.put(seenMs)
        return writer.bytes
    }

    package static func read(_ row: UnsafeRawBufferPointer) throws(StoreError) -> ConsumerRow {
        var reader = ByteReader(row)
        do {
            guard try reader.read(UInt8.self) == 0 else { throw StoreError.damaged("") }
            let consumer = ConsumerRow(name: try reader.readBlob(), seenMs: try reader.read())
            guard reader.isAtEnd else { throw StoreError.damaged("") }
            return consumer
        } catch {
            throw .damaged("a consumer of a group cannot be read")
        }
    }
}

/// An entry that was delivered and not acknowledged.
package struct PendingRow: Hashable, Sendable, BitwiseCopyable {
    /// Its number in the group.
    package var consumer: UInt32
    /// How often it was delivered.
    package var count: UInt32
    /// When it last was, Unix ms.
    package var deliveredMs: Int64

    package init(consumer: UInt32, count: UInt32, deliveredMs: Int64) {
        self.consumer = consumer
        self.count = count
        self.deliveredMs = deliveredMs
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.put(consumer)
        writer.put(count)
        writer.put(deliveredMs)
        return writer.bytes
    }

    package static func read(_ row: UnsafeRawBufferPointer) throws(StoreError) -> PendingRow {
        var reader = ByteReader(row)
        do {
            let pending = PendingRow(
                consumer: try reader.read(), count: try reader.read(),
                deliveredMs: try reader.read())
            guard reader.isAtEnd else { throw StoreError.damaged("") }
            return pending
        } catch {
            throw .damaged("a pending entry of a group cannot be read")
        }
    }
}

/// What is not of one group: the number the next one gets. None is ever used again.
package struct GroupTotals: Hashable, Sendable {
    package var nextGroup: UInt32

    package init(nextGroup: UInt32 = 1) { self.nextGroup = nextGroup }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt8(0))
        writer.put(nextGroup)
        return writer.bytes
    }

    package static func read(_ row: UnsafeRawBufferPointer) throws(StoreError) -> GroupTotals {
        var reader = ByteReader(row)
        do {
            guard try reader.read(UInt8.self) == 0 else { throw StoreError.damaged("") }
            let totals = GroupTotals(nextGroup: try reader.read())
            guard reader.isAtEnd else { throw StoreError.damaged("") }
            return totals
        } catch {
            throw .damaged("the state of the consumer groups cannot be read")
        }
    }
}
