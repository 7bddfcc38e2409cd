import FormatSpec
import TachoGeo
import Testing

@testable import TachoStore

/// Consumer groups as the database carries them.
struct GroupRowTests {
    private let group = GroupRow(
        stream: Array("alerts".utf8), name: Array("ops".utf8),
        last: StreamID(ms: 1_767_312_000_100, n: 2), entriesRead: 17, nextConsumer: 3)
    private let consumer = ConsumerRow(name: Array("kim".utf8), seenMs: 1_767_312_000_200)
    private let pending = PendingRow(consumer: 2, count: 1, deliveredMs: 1_767_312_000_200)

    @Test func `the examples of the page decode to what they say`() throws {
        let blocks = try SpecPage(section: 20).hexBlocks()
        try #require(blocks.count == 3)
        #expect(blocks[0] == group.bytes)
        #expect(blocks[1] == consumer.bytes)
        #expect(blocks[2] == pending.bytes)
    }

    @Test func `rows read back equal`() throws {
        #expect(try group.bytes.withUnsafeBytes { try GroupRow.read($0) } == group)
        #expect(try consumer.bytes.withUnsafeBytes { try ConsumerRow.read($0) } == consumer)
        #expect(try pending.bytes.withUnsafeBytes { try PendingRow.read($0) } == pending)
        let totals = GroupTotals(nextGroup: 9)
        #expect(try totals.bytes.withUnsafeBytes { try GroupTotals.read($0) } == totals)
        var unknown = group
        (unknown.entriesRead, unknown.last) = (-1, .greatest)
        #expect(try unknown.bytes.withUnsafeBytes { try GroupRow.read($0) } == unknown)
    }

    private func refuses(_ bytes: [UInt8], _ read: (UnsafeRawBufferPointer) throws -> Void) {
        for count in 0..<bytes.count {
            #expect(throws: StoreError.self, "cut at \(count)") {
                try Array(bytes[..<count]).withUnsafeBytes { try read($0) }
            }
        }
        #expect(throws: StoreError.self) { try (bytes + [0]).withUnsafeBytes { try read($0) } }
    }

    @Test func `what is cut at any byte, or has one too many, is refused`() {
        refuses(group.bytes) { _ = try GroupRow.read($0) }
        refuses(consumer.bytes) { _ = try ConsumerRow.read($0) }
        refuses(pending.bytes) { _ = try PendingRow.read($0) }
        refuses(GroupTotals().bytes) { _ = try GroupTotals.read($0) }
        var other = group.bytes
        other[0] = 1
        #expect(throws: StoreError.self) { try other.withUnsafeBytes { try GroupRow.read($0) } }
    }

    @Test func `keys read back equal, and ascend as their ids do`() {
        let id = AlertID(ms: 1_767_312_000_100, n: 7)
        let keys: [(GroupKey, [UInt8])] = [
            (.group(5), Keys.group(5)), (.consumer(group: 5, 2), Keys.consumer(group: 5, 2)),
            (.pending(group: 5, id), Keys.pending(group: 5, id)), (.totals, Keys.groupTotals),
            (.stream(Array("fence:a".utf8)), Keys.groupStream(Array("fence:a".utf8))),
        ]
        for (key, bytes) in keys {
            #expect(bytes.withUnsafeBytes { GroupKey($0) } == key)
        }
        let bytes = keys.map(\.1)
        #expect(bytes.sorted { $0.lexicographicallyPrecedes($1) } == bytes)
        let ids = [(0, 0), (0, UInt32.max), (1, 0), (Int64.max, 3)].map { AlertID(ms: $0, n: $1) }
        let pending = ids.map { Keys.pending(group: 1, $0) }
        #expect(pending.sorted { $0.lexicographicallyPrecedes($1) } == pending)
        for bad: [UInt8] in [[], [9], [0, 1, 2], [2] + [UInt8](repeating: 0xFF, count: 16)] {
            #expect(bad.withUnsafeBytes { GroupKey($0) } == nil, "\(bad)")
        }
    }
}
