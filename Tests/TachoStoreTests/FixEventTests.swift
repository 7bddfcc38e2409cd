import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

struct FixEventTests {
    private func bytes(_ rider: UInt32, _ stored: StoredFix, _ route: FixRoute) -> [UInt8] {
        var writer = ByteWriter()
        writer.putEvent(.fix(rider: rider, stored, route))
        return writer.bytes
    }

    private func read(_ bytes: [UInt8]) throws -> [GroupEvent] {
        try bytes.withUnsafeBytes { raw in
            var reader = GroupReader(raw)
            var list: [GroupEvent] = []
            while let event = try reader.next() { list.append(event) }
            return list
        }
    }

    private func route(_ random: inout SeededGenerator) -> FixRoute {
        FixRoute(
            toLateTail: Bool.random(using: &random), entersChain: Bool.random(using: &random))
    }

    @Test func `any legal fix reads back from its event with rider and route`() throws {
        var random = SeededGenerator(seed: 1)
        var (plain, longest) = (0, 0)
        for round in 0..<4_000 {
            let stored = StoredFix.random(&random)
            let rider = UInt32.random(in: .min ... .max, using: &random)
            let route = route(&random)
            let event = bytes(rider, stored, route)
            #expect(try read(event) == [.fix(rider: rider, stored, route)], "round \(round)")
            let needsExtra = FixRow.pack(stored, route: 0).needsExtra
            #expect((event.count == FixEvent.baseByteCount) == !needsExtra, "\(stored)")
            if !needsExtra { plain += 1 }
            longest = max(longest, event.count)
        }
        #expect(plain > 100)
        #expect(longest <= FixEvent.maxByteCount)
        #expect(FixEvent.baseByteCount == 29)
    }

    @Test func `the longest event is that of a fix with everything far away`() {
        let top = Fix.timeLimitMs - 1
        let stored = StoredFix(
            fix: Fix(tsMs: -top, latE7: 0, lonE7: 0, altitudeDm: 1_000_000), provenance: .claimed,
            vehicle: .any, verdict: Verdict(codes: .max), recvMs: -top + (1 << 42 - 1) * 64,
            claimedRecvMs: -top)
        let event = bytes(1, stored, FixRoute(toLateTail: false, entersChain: false))
        #expect(event.count == 57)
    }

    @Test func `an event cut at any byte is refused`() {
        var random = SeededGenerator(seed: 2)
        for round in 0..<60 {
            let event = bytes(9, StoredFix.random(&random), route(&random))
            for count in 1..<event.count {
                #expect(throws: StoreError.damaged(""), "round \(round), \(count) bytes") {
                    try read(Array(event[..<count]))
                }
            }
        }
    }

    @Test func `a changed byte is refused or gives a fix that can be written again`() throws {
        var random = SeededGenerator(seed: 3)
        var refused = 0
        for round in 0..<40 {
            let event = bytes(9, StoredFix.random(&random), route(&random))
            for index in 1..<event.count {
                for value in [
                    UInt8(0), 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random),
                ] {
                    var bad = event
                    bad[index] = value
                    guard let list = try? read(bad) else {
                        refused += 1
                        continue
                    }
                    guard case .fix(let rider, let stored, let route) = list[0] else { continue }
                    #expect(FixRow.pack(stored, route: route.bits).row.isLegal)
                    let again = try read(bytes(rider, stored, route))
                    #expect(again == [list[0]], "round \(round), byte \(index)")
                }
            }
        }
        #expect(refused > 100)
    }

    /// What an extra may be made of, one by one.
    private struct Extra {
        var flags: UInt8
        var altitude: UInt64?
        var codes: UInt64?
        var delay: Int64?
        var claimed: Int64?

        func bytes(behind row: FixRow) -> [UInt8] {
            var writer = ByteWriter()
            writer.put(GroupEvent.Kind.fix.rawValue)
            writer.put(UInt32(3))
            for word in [row.clock, row.place, row.motion] { writer.put(word) }
            writer.put(flags)
            if let altitude { writer.putVarint(altitude) }
            if let codes { writer.putVarint(codes) }
            if let delay { writer.putZigzag(delay) }
            if let claimed { writer.putZigzag(claimed) }
            return writer.bytes
        }
    }

    private func row(_ provenance: Provenance, isFar: Bool) -> FixRow {
        let stored = StoredFix(
            fix: Fix(tsMs: 1_000, latE7: 5, lonE7: 6), provenance: provenance, vehicle: .foot,
            verdict: Verdict(codes: 1), recvMs: isFar ? 640_001_000 : 1_000, claimedRecvMs: 0)
        return FixRow.pack(stored, route: 0).row
    }

    @Test func `an extra with flags that do not fit its row is refused`() throws {
        for flags in UInt8.min ... .max {
            for (provenance, isFar) in [
                (Provenance.live, false), (.live, true), (.claimed, false), (.claimed, true),
            ] {
                let extra = Extra(
                    flags: flags, altitude: flags & 1 != 0 ? 0 : nil,
                    codes: flags & 2 != 0 ? 9 : nil, delay: flags & 4 != 0 ? 5_000 : nil,
                    claimed: flags & 8 != 0 ? 77 : nil)
                let isLegal =
                    flags < 16 && (flags & 4 != 0) == isFar
                    && (flags & 8 != 0) == (provenance == .claimed)
                let event = extra.bytes(behind: row(provenance, isFar: isFar))
                let list = try? read(event)
                #expect((list?.count == 1) == isLegal, "flags \(flags), \(provenance), \(isFar)")
            }
        }
    }

    @Test func `an extra's values are refused beyond their limits and taken at them`() {
        let plain = row(.live, isFar: false)
        let far = row(.live, isFar: true)
        let claimed = row(.claimed, isFar: false)
        func isTaken(_ row: FixRow, _ extra: Extra) -> Bool {
            (try? read(extra.bytes(behind: row)))?.count == 1
        }
        for (altitude, fits) in [
            (UInt64(0), true), (1_200_000, true), (1_200_001, false), (2_097_150, false),
            (2_097_152, false), (.max, false),
        ] {
            #expect(isTaken(plain, Extra(flags: 1, altitude: altitude)) == fits, "\(altitude)")
        }
        let steps: Int64 = 1 << 42
        for (delay, fits) in [
            (steps - 1, true), (steps, false), (1 - steps, true), (-steps, false), (.max, false),
            (.min, false),
        ] {
            #expect(isTaken(far, Extra(flags: 4, delay: delay)) == fits, "\(delay)")
        }
        let top = Fix.timeLimitMs
        for (ms, fits) in [
            (top - 1, true), (top, false), (1 - top, true), (-top, false), (.max, false),
            (.min, false),
        ] {
            #expect(isTaken(claimed, Extra(flags: 8, claimed: ms)) == fits, "\(ms)")
        }
    }
}
