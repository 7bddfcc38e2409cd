import TachoGeo
import Testing

@testable import TachoStore

/// At which resolutions it is noted who was where.
struct GeoPlanTests {
    @Test func `a change keeps what is in use until it is settled`() {
        let usual = GeoPlan.usual
        #expect(usual.fine == 9 && usual.resolutionsInUse == [7, 9])
        let finer = usual.changed(to: 11)
        #expect(finer.fine == 11 && finer.resolutionsInUse == [7, 9, 11])
        #expect(finer.settled.resolutionsInUse == [7, 11])
        let coarser = finer.changed(to: 5)
        #expect(coarser.resolutionsInUse == [5, 7, 9, 11])
        #expect(coarser.resolution(of: .coarse) == 5 && coarser.resolution(of: .fine) == 5)
        #expect(coarser.settled.resolutionsInUse == [5])
    }

    @Test func `it reads back equal, and what none can have is refused`() throws {
        for resolution in GeoPlan.resolutions {
            for plan in [
                GeoPlan.usual.changed(to: resolution),
                GeoPlan.usual.changed(to: resolution).settled,
            ] {
                #expect(try GeoPlan.read(plan.bytes) == plan)
                for count in 0..<plan.bytes.count {
                    #expect(throws: StoreError.self) {
                        try GeoPlan.read(Array(plan.bytes[..<count]))
                    }
                }
            }
        }
        for bytes: [UInt8] in [
            [1, 9, 0x80, 2], [0, 13, 0x80, 0x20], [0, 9, 0, 2], [0, 9, 128, 2, 0],
        ] {
            #expect(throws: StoreError.self) { try GeoPlan.read(bytes) }
        }
    }
}
