import FormatSpec
import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

/// Fences as the journal and the database carry them.
struct FenceRowTests {
    private let definition = FenceDefinition(
        id: Array("kitchen".utf8), areaText: "CIRCLE 37.5665 126.978 50",
        detection: FenceDetection(enter: true, exit: false, dwellSeconds: 60))

    @Test func `the example of a change decodes to what it says`() throws {
        let bytes = try SpecPage(section: 16).hex()
        let change = FenceChange.set(definition, atMs: 1_767_312_000_100)
        #expect(try FenceChange.read(bytes) == change)
        #expect(change.bytes == bytes)
    }

    @Test func `the page has the kinds of entries and the limits that are built`() throws {
        let page = try SpecPage(section: 16)
        #expect(page.rows("kind").map { UInt8($0[0]) } == FenceEventKind.allCases.map(\.rawValue))
        #expect(page.rows("kind").map { $0[1] } == FenceEventKind.allCases.map(\.name))
        let limits = Dictionary(
            uniqueKeysWithValues: page.rows("limit").map { ($0[0], Int64($0[1])) })
        #expect(limits["seconds of a dwell"] == Int64(FenceDetection.longestDwellSeconds))
        #expect(limits["seconds to an expiry"] == FenceDefinition.longestExpirySeconds)
        #expect(limits["metres of a margin"] == Int64(FenceDefinition.widestMarginM))
    }

    private var changes: [FenceChange] {
        var other = definition
        other.marginM = 7.5
        other.expiresMs = 1_767_312_000_000
        other.detection = FenceDetection(enter: false, exit: true, dwellSeconds: nil)
        return [
            .set(definition, atMs: 0), .set(other, atMs: -1), .delete(id: [65], atMs: 1 << 46),
            .expire(id: Array("é".utf8), expiresMs: 5, atMs: 7),
        ]
    }

    @Test func `changes read back equal, also as events of a group`() throws {
        for change in changes {
            #expect(try FenceChange.read(change.bytes) == change)
            var writer = ByteWriter()
            writer.putEvent(.fence(change: change.bytes))
            let events = try writer.bytes.withUnsafeBytes { raw in
                var reader = GroupReader(raw)
                return [try reader.next(), try reader.next()]
            }
            #expect(events == [.fence(change: change.bytes), nil])
        }
    }

    @Test func `what is cut at any byte, or has one too many, is refused`() throws {
        for change in changes {
            for count in 0..<change.bytes.count {
                #expect(throws: StoreError.self, "\(change), cut at \(count)") {
                    try FenceChange.read(Array(change.bytes[..<count]))
                }
            }
            #expect(throws: StoreError.self) { try FenceChange.read(change.bytes + [0]) }
        }
        #expect(throws: StoreError.self) { try FenceChange.read([4, 1, 65, 0]) }
        func refuses(_ bytes: [UInt8], _ read: (UnsafeRawBufferPointer) throws -> Void) {
            for count in 0..<bytes.count {
                #expect(throws: StoreError.self, "cut at \(count)") {
                    try Array(bytes[..<count]).withUnsafeBytes { try read($0) }
                }
            }
            #expect(throws: StoreError.self) {
                try (bytes + [0]).withUnsafeBytes { try read($0) }
            }
        }
        let rider = FenceRider(
            rider: 3, epoch: 2, newestMs: -5,
            stays: [.init(serial: 7, sinceMs: 9, wasToldOfDwell: true)])
        refuses(rider.row) { _ = try FenceRider.read(rider: 3, $0) }
        refuses(event.row) { row in
            _ = try event.key.withUnsafeBytes { try FenceEvent.read(key: $0, row) }
        }
        refuses(FenceTotals().row) { _ = try FenceTotals.read($0) }
    }

    private var event: FenceEvent {
        FenceEvent(
            stream: 9, id: AlertID(ms: 1_767_312_000_100, n: 3), kind: .dwell, rider: 12,
            tsMs: -4, latE7: -375_665_000, lonE7: 1_269_780_000, sinceMs: -64)
    }

    @Test func `rows read back equal`() throws {
        var stream = FenceStream(number: 4, id: definition.id)
        let bare = stream
        stream.events = 77
        stream.lastID = AlertID(ms: 5, n: 6)
        var dead = stream
        stream.live = FenceStream.Live(definition: definition, serial: 11, setMs: 12)
        dead.id = [66]
        for one in [bare, stream, dead] {
            #expect(try one.row.withUnsafeBytes { try FenceStream.read(number: 4, $0) } == one)
        }
        // Without what says that it is set, it is a whole row too.
        for count in 0..<bare.row.count {
            #expect(throws: StoreError.self) {
                try Array(bare.row[..<count]).withUnsafeBytes {
                    _ = try FenceStream.read(number: 4, $0)
                }
            }
        }
        let read = try event.key.withUnsafeBytes { key in
            try event.row.withUnsafeBytes { try FenceEvent.read(key: key, $0) }
        }
        #expect(read == event)
        let rider = FenceRider(
            rider: 3, epoch: 2, newestMs: 1 << 46,
            stays: (0..<300).map { .init(serial: $0, sinceMs: -1, wasToldOfDwell: false) })
        #expect(
            try rider.row.withUnsafeBytes { try FenceRider.read(rider: 3, $0) } == rider)
        var totals = FenceTotals()
        #expect(try totals.row.withUnsafeBytes { try FenceTotals.read($0) } == totals)
        totals.nextStream = 9
        totals.lastID = AlertID(ms: 0, n: 0)
        #expect(try totals.row.withUnsafeBytes { try FenceTotals.read($0) } == totals)
    }

    @Test func `keys sort by kind, then by stream and id`() {
        let keys = [
            Keys.fence(stream: 1, isLive: true), Keys.fence(stream: 256, isLive: true),
            Keys.fence(rider: 0),
            Keys.fenceEvent(stream: 1, AlertID(ms: 255, n: 9)),
            Keys.fenceEvent(stream: 1, AlertID(ms: 256, n: 0)),
            Keys.fenceEvent(stream: 2, AlertID(ms: 0, n: 0)), Keys.fenceTotals,
            Keys.fence(id: [65]), Keys.fence(stream: 0, isLive: false),
        ]
        for (a, b) in zip(keys, keys.dropFirst()) { #expect(a.lexicographicallyPrecedes(b)) }
    }

    @Test func `what is detected reads back from its text`() throws {
        for text in ["enter", "exit", "enter,exit", "dwell:5", "enter,exit,dwell:2592000"] {
            #expect(try FenceDetection(text: text).text == text)
        }
        #expect(try FenceDetection(text: "DWELL:5,Enter").text == "enter,dwell:5")
    }
}
