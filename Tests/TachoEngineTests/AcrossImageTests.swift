import TachoIngest
import TachoStore
import Testing

@testable import TachoEngine

/// What rules across riders remember, as a checkpoint holds it.
struct AcrossImageTests {
    private func trail() -> Trail {
        var trail = Trail()
        (trail.place0, trail.place1, trail.place2, trail.place3) = (1, 1 << 40, .max, 7)
        (trail.entryMs, trail.entryLatE7, trail.entryLonE7) = (-5, 900_000_000, -1_800_000_000)
        (trail.step0, trail.step1, trail.landmarks) = (.max, 3, 1_000_000)
        (trail.places, trail.entries) = (4, 2)
        return trail
    }

    private let totals = AcrossImage.Totals(
        nextProposal: 77, days: [20_000, 20_001],
        open: [
            AcrossProposal(number: 75, rider: 1, tsMs: -1, other: 2, otherMs: 1 << 46),
            AcrossProposal(number: 76, rider: .max, tsMs: 0, other: 0, otherMs: 0),
        ])

    private let suspects = [
        Suspicions.Suspect(rider: 5, tsMs: -7, offsetMs: 600_001),
        Suspicions.Suspect(rider: .max, tsMs: 1 << 46, offsetMs: -3),
    ]

    @Test(arguments: [0, 2])
    func `a trail reads back, and cut at any byte is refused`(count: Int) throws {
        let suspects = Array(suspects[..<count])
        let bytes = AcrossImage.bytes(trail(), suspects)
        let found = try bytes.withUnsafeBytes { try AcrossImage.trail($0) }
        #expect(found.0 == trail())
        #expect(found.1 == suspects)
        for count in 0..<bytes.count {
            #expect(throws: StoreError.self, "cut at \(count)") {
                try Array(bytes[..<count]).withUnsafeBytes { _ = try AcrossImage.trail($0) }
            }
        }
        #expect(throws: StoreError.self) {
            try (bytes + [0]).withUnsafeBytes { _ = try AcrossImage.trail($0) }
        }
    }

    @Test func `totals read back, and cut at any byte are refused`() throws {
        let bytes = try #require(totals.row.value)
        #expect(try bytes.withUnsafeBytes { try AcrossImage.Totals($0) } == totals)
        for count in 0..<bytes.count {
            #expect(throws: StoreError.self, "cut at \(count)") {
                try Array(bytes[..<count]).withUnsafeBytes { _ = try AcrossImage.Totals($0) }
            }
        }
        var other = bytes
        other[0] = 9
        #expect(throws: StoreError.self) {
            try other.withUnsafeBytes { _ = try AcrossImage.Totals($0) }
        }
    }

    @Test func `only trails that changed are written`() {
        let slab = TrailSlab()
        var dirty = trail()
        dirty.isDirty = true
        slab[0] = trail()
        slab[3] = dirty
        #expect(AcrossImage.takeDirty(slab, Suspicions()).map(\.key) == [[0, 0, 0, 0, 3]])
        #expect(AcrossImage.takeDirty(slab, Suspicions()).isEmpty)
    }
}
