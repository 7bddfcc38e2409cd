import FormatSpec
import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

/// Orders as the journal and the database carry them.
struct OrderRowTests {
    private let picked: OrderEvent = {
        var event = OrderEvent.set(
            Array("o-17".utf8), rider: Array("t1".utf8), state: Array("picked-up".utf8),
            tsMs: 1_767_312_000_000, by: Array("mysql".utf8))
        event.recvMs = 1_767_312_000_100
        event.mask = .reassigned
        return event
    }()

    private let ended: OrderEvent = {
        var event = OrderEvent.end(Array("é".utf8), tsMs: -5)
        (event.recvMs, event.mask) = (-7, [.late, .ended, .clock])
        return event
    }()

    @Test func `the example of the page decodes to what it says`() throws {
        let bytes = try SpecPage(section: 21).hex()
        #expect(picked.bytes == bytes)
        #expect(try OrderEvent.read(bytes) == picked)
    }

    @Test func `the page has the bits and bounds that are built`() throws {
        let page = try SpecPage(section: 21)
        let bits = page.rows("bit")
        #expect(bits.map { UInt8($0[0]) } == OrderMask.names.map(\.mask.rawValue))
        #expect(bits.map { $0[1] } == OrderMask.names.map(\.name))
        let limits = page.rows("limit").map { Int($0[1]) }
        #expect(
            limits == [OrderText.maxNameBytes, OrderText.maxStateBytes, OrderHistory.mostEvents])
    }

    @Test func `events read back equal, also as events of a group`() throws {
        for event in [picked, ended] {
            #expect(try OrderEvent.read(event.bytes) == event)
            var writer = ByteWriter()
            writer.putEvent(.entries(orderN: 7, verdictN: .max))
            writer.putEvent(.order(event))
            let read = try writer.bytes.withUnsafeBytes { raw in
                var reader = GroupReader(raw)
                return [try reader.next(), try reader.next(), try reader.next()]
            }
            #expect(read == [.entries(orderN: 7, verdictN: .max), .order(event), nil])
        }
    }

    @Test func `what is cut at any byte, has one too many, or says what none can is refused`() {
        for event in [picked, ended] {
            for count in 0..<event.bytes.count {
                #expect(throws: StoreError.self, "cut at \(count)") {
                    try OrderEvent.read(Array(event.bytes[..<count]))
                }
            }
            #expect(throws: StoreError.self) { try OrderEvent.read(event.bytes + [0]) }
        }
        var nameless = picked
        nameless.rider = []
        var long = picked
        long.state = Array(repeating: 65, count: 65)
        var late = picked
        late.tsMs = 1 << 47
        var rider = ended
        rider.rider = [65]
        var control = picked
        control.order = [65, 0, 66]
        for event in [nameless, long, late, rider, control] {
            #expect(event.defect != nil)
            #expect(throws: StoreError.self) { try OrderEvent.read(event.bytes) }
        }
    }

    @Test func `rows of the stream and of open orders read back equal`() throws {
        let entry = OrderEntry(id: AlertID(ms: 9, n: 3), event: picked)
        let row = entry.streamRow(number: 77)
        let read = try row.withUnsafeBytes { try OrderEntry.read(streamRow: $0, entry.id) }
        #expect(read.number == 77 && read.entry == entry)
        #expect(try entry.openRow.withUnsafeBytes { try OrderEntry.read(openRow: $0) } == entry)
        for count in 0..<row.count {
            #expect(throws: StoreError.self) {
                try Array(row[..<count]).withUnsafeBytes {
                    _ = try OrderEntry.read(streamRow: $0, entry.id)
                }
            }
        }
    }

    @Test
    func `keys of an order's events ascend by time, then arrival, and none is another order's`()
        throws
    {
        let order = Array("o-1".utf8)
        let places: [(Int64, AlertID)] = [
            (-1 << 47, AlertID(ms: 9, n: 0)), (-1, AlertID(ms: 7, n: 0)),
            (0, AlertID(ms: 3, n: 5)), (0, AlertID(ms: 4, n: 0)), (1 << 46, AlertID(ms: 1, n: 0)),
        ]
        let keys = places.map { Keys.orderEvent(order, tsMs: $0.0, $0.1) }
        for (a, b) in zip(keys, keys.dropFirst()) { #expect(a.lexicographicallyPrecedes(b)) }
        let events = Keys.orderEvents(order)
        for (key, place) in zip(keys, places) {
            let found = try #require(
                key.withUnsafeBytes { Keys.orderEventPlace($0, in: events) })
            #expect(found.tsMs == place.0 && found.id == place.1)
        }
        let longer = Keys.orderEvent(Array("o-12".utf8), tsMs: 0, AlertID(ms: 1, n: 0))
        #expect(longer.withUnsafeBytes { Keys.orderEventPlace($0, in: events) == nil })
        #expect(!longer.starts(with: events))
    }
}
