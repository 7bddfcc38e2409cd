import FormatSpec
import Foundation
import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore
import Testing

@testable import TachoEngine

/// The image of a slot against the table in `format-spec.md` §6, and against damaged bytes.
struct SlotSpecTests {
    /// Rows of the table of a slot: offset, size, name.
    private func table() throws -> [(offset: Int, size: Int, name: String)] {
        let page = try SpecPage.wholeText()
        let lines = page.components(separatedBy: "\n")
        let section = try #require(lines.firstIndex { $0.hasPrefix("## 6. ") })
        let start = try #require(lines[section...].firstIndex { $0.hasPrefix("| offset |") })
        return try lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { line in
            let parts = line.components(separatedBy: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            return (try #require(Int(parts[1])), try #require(Int(parts[2])), parts[3])
        }
    }

    private static func filled() -> Slot {
        var random = SeededGenerator(seed: 3)
        var slot = Slot()
        slot.vehicle = .scooter
        slot.range = 0x0102_0304
        slot.arrivals = 0x1112_1314
        slot.amendments = 0x2122_2324
        slot.generation = 0x3132
        slot.points = 0x4142_4344_4546_4748
        slot.mainNewestMs = 1_001
        slot.closedNewestMs = 1_002
        slot.setSpans(
            future: TimeSpan(firstMs: 1_003, lastMs: 1_004),
            past: TimeSpan(firstMs: 1_005, lastMs: 1_006))
        slot.maxChunkSpanMs = 1_007
        slot.closedOldestMs = 1_008
        slot.oldestMs = 1_009
        var shown = random.stored(500, extras: 100)
        shown.verdict.effect = .flag
        var newest = random.stored(600, extras: 100)
        newest.verdict.effect = .hold
        for stored in [shown, newest] {
            slot.show(
                FixRow.pack(stored, route: 0).row, isShown: stored.verdict.isShown,
                FixRow.extra(stored))
        }
        return slot
    }

    private func image(_ slot: Slot) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt64(77))
        writer.put(SlotImage.slot(slot))
        return writer.bytes
    }

    private func read(_ bytes: [UInt8]) throws -> Slot {
        try bytes.withUnsafeBytes { try SlotImage.readSlot($0) }
    }

    @Test func `a slot's counters and times lie where the table says`() throws {
        let rows = try table()
        var next = 0
        for row in rows {
            #expect(row.offset == next, "\(row)")
            next += row.size
        }
        let slot = Self.filled()
        let expected: [String: UInt64] = [
            "asOfGroup: events of groups up to this one are contained": 77,
            "version, 4": 4,
            "flags: 1 shown, 2 newest follow": 3,
            "vehicle class": UInt64(slot.vehicle.rawValue), "0": 0,
            "range of the next two counters": UInt64(slot.range),
            "arrivals in that range": UInt64(slot.arrivals),
            "amendments, ever": UInt64(slot.amendments),
            "generation of the next chunk": UInt64(slot.generation), "points, ever": slot.points,
            "newest time in the main tail, ever": 1_001,
            "newest time in chunks, TS_FUTURE apart": 1_002,
            "first time of TS_FUTURE fixes": 1_003, "last time of TS_FUTURE fixes": 1_004,
            "first time of TS_PAST fixes": 1_005, "last time of TS_PAST fixes": 1_006,
            "longest chunk, ms": 1_007, "oldest time in chunks": 1_008,
            "oldest time of all fixes": 1_009,
        ]
        let bytes = image(slot)
        for row in rows {
            let value = bytes[row.offset..<row.offset + row.size].reversed()
                .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            #expect(value == (try #require(expected[row.name], "\(row.name)")), "\(row.name)")
        }
        #expect(rows.last?.name == "oldest time of all fixes" && next == 108)
        // Behind it the two fixes, 60 bytes each, the chain, and motion.
        #expect(
            bytes.count == next + 2 * 60 + SlotImage.chain(Slot().chain).count
                + Slot().motion.image.count)
    }

    @Test func `a slot reads back with what it showed`() throws {
        for isSame in [false, true] {
            var slot = Self.filled()
            if isSame {
                var random = SeededGenerator(seed: 4)
                var accepted = random.stored(900, extras: 0)
                accepted.verdict.effect = .accept
                slot.show(
                    FixRow.pack(accepted, route: FixRow.entersChainBit).row, isShown: true,
                    FixRow.extra(accepted))
            }
            #expect(slot.newestIsShown == isSame)
            let back = try read(image(slot))
            #expect(back.asOfGroup == 77)
            #expect(back.newestIsShown == isSame)
            #expect(back.latestRecord.shown == slot.latestRecord.shown)
            #expect(back.latestRecord.newest == slot.latestRecord.newest)
            #expect(back.chain == slot.chain)
            #expect(back.closedOldestMs == 1_008 && back.maxChunkSpanMs == 1_007)
            #expect(back.futureSpan == slot.futureSpan && back.pastSpan == slot.pastSpan)
            #expect(back.hasClockSpans)
            #expect(image(back) == image(slot))
        }
        let empty = try read(image(Slot()))
        #expect(!empty.hasShown && !empty.hasNewest && !empty.hasClockSpans)
    }

    @Test func `what rules remembered in an older layout is passed over`() throws {
        var older = image(Self.filled())
        older[8] = 1
        #expect(try read(older + [1, 2, 3]).motion == Motion())
        older[8] = 0
        #expect(throws: StoreError.damaged("")) { try read(older) }
        older.removeLast(Slot().motion.image.count)
        #expect(try read(older).motion == Motion())
    }

    @Test func `a slot, and what every fix needs of motion, begin and end with cache lines`() {
        #expect(MemoryLayout<Slot>.stride % 64 == 0)
        #expect(MemoryLayout<Slot>.offset(of: \.motion)! % 64 == 0)
        #expect(Motion.hotBytes <= 4 * 64)
        #expect(Slot.hotOffset % 64 == 0)
    }

    @Test func `what every fix needs of a slot lies in three cache lines`() throws {
        let chain = try #require(MemoryLayout<Slot>.offset(of: \.chain))
        let ends = [
            try #require(MemoryLayout<Slot>.offset(of: \.main)) + MemoryLayout<Tail>.size,
            try #require(MemoryLayout<Slot>.offset(of: \.shownRow)) + MemoryLayout<FixRow>.size,
            try #require(MemoryLayout<Slot>.offset(of: \.hasWindow)) + 1,
            try #require(MemoryLayout<Slot>.offset(of: \.closedOldestMs)) + 8,
            try #require(MemoryLayout<Slot>.offset(of: \.mainBounds))
                + MemoryLayout<CoarseBox>.size,
            chain + (try #require(MemoryLayout<Chain>.offset(of: \.newestTsMs))) + 8,
            chain + (try #require(MemoryLayout<Chain>.offset(of: \.heldCount))) + 1,
        ]
        for end in ends {
            #expect(end > Slot.hotOffset)
            #expect(end <= Slot.hotOffset + Slot.hotLines * 64)
        }
    }

    @Test func `a slot cut anywhere or longer than it says is refused`() {
        let whole = image(Self.filled())
        for count in 0..<whole.count {
            #expect(throws: StoreError.damaged(""), "\(count) bytes") {
                try read(Array(whole[..<count]))
            }
        }
        #expect(throws: StoreError.damaged("")) { try read(whole + [0]) }
    }

    @Test func `a slot with any byte changed is refused or read, and never stops the program`() {
        let whole = image(Self.filled())
        for index in whole.indices {
            for value in [UInt8(0), 0x7F, 0x80, 0xFF] {
                var bad = whole
                bad[index] = value
                _ = try? read(bad)
            }
        }
    }

    @Test func `a tail cut anywhere or with any byte changed never stops the program`() throws {
        var random = SeededGenerator(seed: 5)
        var tail = Tail()
        for index in 0..<40 {
            let stored = random.stored(Int64(index), extras: 20)
            tail.append(
                FixRow.pack(stored, route: 0).row, FixRow.extra(stored), arrival: UInt32(index),
                .known(UInt64(index)))
        }
        let whole = TailImage.bytes(tail)
        tail.free()
        func read(_ bytes: [UInt8]) throws {
            var tail = try bytes.withUnsafeBytes { try TailImage.read($0) }
            tail.free()
        }
        for count in 0..<whole.count {
            #expect(throws: StoreError.damaged("")) { try read(Array(whole[..<count])) }
        }
        for index in whole.indices {
            for value in [UInt8(0), 0x7F, 0x80, 0xFF] {
                var bad = whole
                bad[index] = value
                try? read(bad)
            }
        }
    }

    @Test func `a tail of more fixes than one can have is refused`() {
        var random = SeededGenerator(seed: 6)
        let fixes = (0..<Tail.limit + 1).map { random.stored(Int64($0), extras: 0) }
        let arrivals = fixes.indices.map { UInt32($0) }
        var writer = ByteWriter()
        writer.put(SlotImage.version)
        writer.put(UInt8(0))
        writer.put(UInt16(fixes.count))
        writer.put(UInt32(0))
        writer.put(UInt64(1))
        writer.put(UInt64(2))
        fixes.withUnsafeBufferPointer { f in
            arrivals.withUnsafeBufferPointer {
                FixColumns.encode(f, arrivals: $0, into: &writer.bytes)
            }
        }
        #expect(throws: StoreError.damaged("")) {
            _ = try writer.bytes.withUnsafeBytes { try TailImage.read($0) }
        }
    }
}
