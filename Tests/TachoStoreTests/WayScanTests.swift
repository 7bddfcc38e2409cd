import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

/// The quick reading of a group's fixes against the reader that unpacks all of it.
struct WayScanTests {
    private static let accuracyDm: Int32 = 1_000

    private func events(seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var writer = ByteWriter()
        for number in 0..<120 as Range<UInt64> {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: writer.putEvent(.compared(proposal: number))
            case 1: writer.putEvent(.chain(rider: 3, image: [1, 2, 3]))
            case 2: writer.putEvent(.rider(number: 7, name: Array("seven".utf8)))
            default:
                writer.putEvent(
                    .fix(
                        rider: UInt32.random(in: 0...9, using: &random), .random(&random),
                        FixRoute(
                            toLateTail: Bool.random(using: &random),
                            entersChain: Bool.random(using: &random))))
            }
        }
        return writer.bytes
    }

    private func scan(
        _ bytes: [UInt8]
    ) throws -> (fixes: [WayFix], compared: [UInt64]) {
        var fixes: [WayFix] = []
        var compared: [UInt64] = []
        try bytes.withUnsafeBytes {
            try WayScan.read(
                $0, accuracyDm: Self.accuracyDm, fixes: &fixes, compared: &compared)
        }
        return (fixes, compared)
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `it takes what entered a chain and is precise`(seed: UInt64) throws {
        let bytes = events(seed: seed)
        var expected: [WayFix] = []
        var compared: [UInt64] = []
        try bytes.withUnsafeBytes { raw in
            var reader = GroupReader(raw)
            while let event = try reader.next() {
                switch event {
                case .compared(let proposal): compared.append(proposal)
                case .fix(let rider, let stored, let route):
                    let fix = stored.fix
                    let isRough =
                        fix.accuracyDm != Fix.absent && fix.accuracyDm > Self.accuracyDm
                    if !route.entersChain || isRough || fix.source == .net || fix.source == .mock {
                        continue
                    }
                    expected.append(
                        WayFix(rider: rider, latE7: fix.latE7, lonE7: fix.lonE7, tsMs: fix.tsMs))
                default: break
                }
            }
        }
        let found = try scan(bytes)
        #expect(found.fixes == expected, "seed \(seed)")
        #expect(found.compared == compared, "seed \(seed)")
    }

    @Test func `cut at any byte it refuses or ends early`() throws {
        let bytes = events(seed: 77)
        let whole = try scan(bytes)
        for count in 0..<bytes.count {
            guard let found = try? scan(Array(bytes[..<count])) else { continue }
            #expect(found.fixes == Array(whole.fixes.prefix(found.fixes.count)), "cut at \(count)")
        }
    }

    @Test func `with any byte changed it does not crash`() {
        let bytes = Array(events(seed: 78).prefix(1_500))
        for index in bytes.indices {
            for value in [UInt8(0), 0x7F, 0xFF] {
                var bad = bytes
                bad[index] = value
                _ = try? scan(bad)
            }
        }
    }
}
