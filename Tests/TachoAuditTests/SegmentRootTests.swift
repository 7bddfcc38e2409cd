import TachoCodec
import TachoGeo
import Testing

@testable import TachoAudit

/// Blocks that were exchanged together with their leaves, under the root that everybody knows.
@Suite struct SegmentRootTests {
    @Test(arguments: 0...70)
    func `leaves in one piece have the head of leaves one by one`(count: Int) {
        var tree = MerkleRoot()
        var leaves: [UInt8] = []
        for number in 0..<count {
            let leaf = withUnsafeBytes(of: number) { Digest.leaf($0) }
            tree.append(leaf)
            leaves += leaf
        }
        #expect(MerkleRoot.root(ofLeaves: leaves) == tree.root())
    }

    /// Both fixes of a block exchanged by others, everything but the root made right.
    private func forged() throws -> TemporaryDirectory {
        let directory = try TestExport.directory(seed: 12, segments: 2)
        var forgery = try Forgery(try directory.read(1))
        let entry = forgery.index[0]
        let place = Int(entry.storedBytes) - 1
        let byte = forgery.bytes[Int(entry.offset) + place]
        forgery.block(0, offset: place, [byte ^ 1])
        forgery.keepRoot()
        try directory.write(forgery.bytes, as: 1)
        return directory
    }

    @Test func `a block under another leaf is refused by whoever reads the segment`() throws {
        let directory = try forged()
        #expect(throws: SegmentError(.root, "")) {
            try SegmentReader(path: directory.segment(1))
        }
        let names = try SegmentReader(path: directory.segment(2)).names
        let riders: [Set<[UInt8]>?] = [nil, [names.name(0)]]
        for riders in riders {
            let error = #expect(throws: ExportError.self) {
                try TestExport.run(directory) { $0.riders = riders }
            }
            #expect(error?.exit == .damage)
            #expect(error?.message.contains("the root is not the head over the leaves") == true)
        }
        let error = #expect(throws: ExportError.self) {
            try AuditDistance.run(
                directory: directory.path, query: AuditDistanceQuery(rider: names.name(0)))
        }
        #expect(error?.message.contains("the root is not the head over the leaves") == true)
    }
}
