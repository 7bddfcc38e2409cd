import FormatSpec
import TachoGeo
import Testing

@testable import TachoStore

/// Marks of targets of alerts as the database carries them.
struct DeliveryRowTests {
    private let mark = DeliveryMark(
        delivered: AlertID(ms: 1_767_312_000_100, n: 2), position: 17,
        openFrom: AlertID(ms: 1_767_312_000_100, n: 2))

    @Test func `the example of the page is what it says`() throws {
        let page = try SpecPage(section: 24)
        #expect(page.hex() == mark.bytes)
        let rows = page.rows("offset | size | field")
        var offset = 0
        for row in rows {
            #expect(Int(row[0]) == offset, "\(row)")
            offset += Int(row[1]) ?? 0
        }
        #expect(offset == mark.bytes.count)
    }

    @Test func `marks read back equal, and cut at any byte they are refused`() throws {
        let late = DeliveryMark(
            delivered: AlertID(ms: 5, n: UInt32.max), position: UInt64.max,
            lateThrough: AlertID(ms: 4, n: 0), lateAtMs: 7)
        for one in [mark, late, DeliveryMark()] {
            let bytes = one.bytes
            #expect(try bytes.withUnsafeBytes { try DeliveryMark.read($0) } == one)
            for count in 0..<bytes.count {
                #expect(throws: StoreError.self, "cut at \(count)") {
                    try Array(bytes[..<count]).withUnsafeBytes { try DeliveryMark.read($0) }
                }
            }
            #expect(throws: StoreError.self) {
                try (bytes + [0]).withUnsafeBytes { try DeliveryMark.read($0) }
            }
        }
        var other = mark.bytes
        other[0] = 1
        #expect(throws: StoreError.self) {
            try other.withUnsafeBytes { try DeliveryMark.read($0) }
        }
        other = mark.bytes
        other[8] = 0x80
        #expect(throws: StoreError.self) {
            try other.withUnsafeBytes { try DeliveryMark.read($0) }
        }
    }

    @Test func `keys carry the name, behind those of other kinds`() {
        let key = Keys.delivery(to: Array("am".utf8))
        #expect(key.withUnsafeBytes { Keys.targetName($0) } == Array("am".utf8))
        let others = [
            Keys.alert(ms: 5, n: 1), Keys.review(ms: 5, n: 1, step: 0),
            Keys.recurrence(rider: 1, code: 2), [Keys.deliveryKind],
        ]
        for other in others {
            #expect(other.withUnsafeBytes { Keys.targetName($0) } == nil)
            #expect(other.lexicographicallyPrecedes(key))
        }
        // A name as long as another kind's key is no other kind's key.
        let long = Keys.delivery(to: [UInt8](repeating: 0x61, count: 12))
        #expect(long.withUnsafeBytes { Keys.reviewPlace($0) == nil })
        #expect(TargetName.defect(Array("webhook:h:80/1f".utf8)) == nil)
        for bad in ["", "a b", "a\"b", "é", String(repeating: "x", count: 201)] {
            #expect(TargetName.defect(Array(bad.utf8)) != nil, "\(bad)")
        }
    }
}
