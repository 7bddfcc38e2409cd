import FormatSpec
import TachoGeo
import Testing

@testable import TachoWire

/// Section 13 of `format-spec.md`: the packed batch against the code.
struct PackedSpecTests {
    private let page: SpecPage

    init() throws { page = try SpecPage(section: 13) }

    @Test func `offsets and sizes are those of the page`() throws {
        var offsets: [String: Int] = [:]
        let rows = page.tables("offset").flatMap(\.rows)
        for row in rows where Int(row[0]) != nil && !row[3].isEmpty {
            let name = offsets[row[3]] == nil ? row[3] : row[3] + " of header"
            offsets[name] = Int(row[0])
        }
        #expect(
            offsets == [
                "magic": 0, "version": PackedBatch.Header.version,
                "flags": PackedBatch.Header.flags, "riders": PackedBatch.Header.riders,
                "rows": PackedBatch.Header.rows, "time": PackedBatch.Row.ts,
                "lat": PackedBatch.Row.lat, "lon": PackedBatch.Row.lon,
                "speed": PackedBatch.Row.speed, "heading": PackedBatch.Row.heading,
                "accuracy": PackedBatch.Row.accuracy, "altitude": PackedBatch.Row.altitude,
                "source": PackedBatch.Row.source, "zero": PackedBatch.Row.zero,
                "rider": PackedBatch.Row.rider,
            ])
        let last = try #require(rows.last)
        #expect(Int(last[0])! + Int(last[1])! == PackedBatch.rowBytes)
        let absent = rows.filter { $0[3] == "speed" }.map { Int32($0[4]) }
        #expect(absent == [PackedBatch.absent])
    }

    /// The example's rows as its remarks state them.
    static let fixes: [(rider: String, fix: Fix)] = [
        (
            "r7",
            Fix(
                tsMs: 1_767_312_000_000, latE7: 375_665_000, lonE7: 1_269_780_000, speedCms: 420,
                accuracyDm: 52, source: .gps)
        ),
        ("r8", Fix(tsMs: 1_767_312_000_000, latE7: 1_269_780_000, lonE7: 375_665_000)),
        (
            "r7",
            Fix(
                tsMs: 1_767_312_003_000, latE7: 375_665_100, lonE7: 1_269_780_120,
                speedCms: 200_000, headingCdeg: 36_000, accuracyDm: 48, altitudeDm: 381,
                source: .fused)
        ),
    ]

    @Test func `the example of the page is what is read and written`() throws {
        let blocks = page.hexBlocks()
        try #require(blocks.count == 2)
        var writer = PackedBatchWriter()
        for (rider, fix) in Self.fixes { writer.append(rider: Array(rider.utf8), fix: fix) }
        #expect(writer.bytes == blocks[0])
        #expect(writer.byteCount == blocks[0].count)

        var batch = FixBatch()
        #expect(try append(blocks[0], to: &batch) == 3)
        #expect(batch.entries.map(\.malformed) == [nil, .latOutOfRange, nil])
        #expect(batch.entries[0].fix == Self.fixes[0].fix)
        #expect(!batch.entries[0].fieldDropped)
        var third = Self.fixes[2].fix
        third.speedCms = Fix.absent
        third.headingCdeg = 0
        #expect(batch.entries[2].fix == third)
        #expect(batch.entries[2].fieldDropped)
        // r8 has no good row: no engine must hear of it.
        #expect(batch.riders.map { Int($0.count) } == [2])
        #expect(riders(batch)[0] == "r7" && riders(batch)[2] == "r7")

        var replies = ReplyWriter()
        replies.put([.stored, .malformed, .fieldDropped])
        #expect(replies.bytes == blocks[1])
    }
}

func append(_ frame: [UInt8], to batch: inout FixBatch) throws(PackedDefect) -> Int {
    // A closure with typed errors cannot be passed on here: the error is kept aside.
    var outcome = Result<Int, PackedDefect>.success(0)
    frame.withUnsafeBytes { bytes in
        do throws(PackedDefect) {
            outcome = .success(try PackedReader.append(bytes, to: &batch))
        } catch {
            outcome = .failure(error)
        }
    }
    return try outcome.get()
}

struct PackedReaderTests {
    private var example: [UInt8] {
        var writer = PackedBatchWriter()
        for (rider, fix) in PackedSpecTests.fixes {
            writer.append(rider: Array(rider.utf8), fix: fix)
        }
        return writer.bytes
    }

    private func defect(_ frame: [UInt8]) -> PackedDefect? {
        var batch = FixBatch()
        do throws(PackedDefect) {
            _ = try append(frame, to: &batch)
            return nil
        } catch {
            return batch.count == 0 && batch.names.isEmpty ? error : nil
        }
    }

    @Test func `a batch cut at any byte, or with one more, is refused whole`() {
        let frame = example
        for count in 0..<frame.count {
            #expect(defect(Array(frame[..<count])) != nil, "\(count) bytes")
        }
        #expect(defect(frame + [0]) == .length(expected: frame.count, found: frame.count + 1))
    }

    @Test func `each broken part of the structure has an error of its own`() {
        func changed(_ offset: Int, _ byte: UInt8) -> [UInt8] {
            var frame = example
            frame[offset] = byte
            return frame
        }
        #expect(defect([]) == .notPacked)
        #expect(defect(changed(0, 0)) == .notPacked)
        #expect(defect(changed(4, 1)) == .version(1))
        #expect(defect(changed(5, 128)) == .flags(128))
        let size = example.count
        #expect(defect(changed(8, 4)) == .length(expected: size + 36 - 4, found: size))
        #expect(defect(changed(11, 255)) != nil)
        #expect(defect(changed(12 + 36 + 33, 1)) == .rowByte(row: 1))
        #expect(defect(changed(12 + 72 + 34, 2)) == .rider(row: 2))
        #expect(defect(changed(12 + 72 + 35, 255)) == .rider(row: 2))
        let messages = [
            PackedDefect.notPacked, .version(7), .flags(3), .length(expected: 12, found: 11),
            .rider(row: 9), .rowByte(row: 8),
        ].map(\.message)
        #expect(Set(messages).count == messages.count)
        #expect(messages[1].contains("version 7"))
        #expect(messages[3].contains("11 bytes"))
        #expect(messages[4].contains("row 9"))
    }

    @Test func `no flipped bit makes an illegal fix`() {
        let frame = example
        for bit in 0..<frame.count * 8 {
            var damaged = frame
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            var batch = FixBatch()
            do throws(PackedDefect) {
                #expect(try append(damaged, to: &batch) == 3, "bit \(bit)")
                #expect(batch.count == 3)
                #expect(isLegal(batch), "bit \(bit)")
            } catch {
                #expect(batch.count == 0, "bit \(bit)")
            }
        }
    }

    /// What an encoder takes without a check.
    private func isLegal(_ batch: FixBatch) -> Bool {
        let names = batch.names
        return batch.entries.allSatisfy { entry in
            if entry.malformed != nil { return true }
            let (fix, start) = (entry.fix, Int(entry.nameStart))
            let name = Array(names[start..<start + Int(entry.nameCount)])
            let rider = batch.riders[Int(entry.riderIndex)]
            func isLegal(_ value: Int32, _ range: ClosedRange<Int32>) -> Bool {
                value == Fix.absent || range.contains(value)
            }
            return abs(fix.tsMs) < 1 << 47 && abs(Int(fix.latE7)) <= 900_000_000
                && abs(Int(fix.lonE7)) <= 1_800_000_000 && isLegal(fix.speedCms, 0...100_000)
                && isLegal(fix.headingCdeg, 0...35_999)
                && isLegal(fix.accuracyDm, 0...1_000_000)
                && isLegal(fix.altitudeDm, -200_000...1_000_000)
                && name.withUnsafeBytes { RiderName.defect($0) } == nil
                && rider.start == entry.nameStart && rider.count == entry.nameCount
        }
    }

    /// A row's values with what must become of them.
    private struct Expected: Equatable {
        var rider: [UInt8]
        var fix: Fix?
        var isDropped = false
    }

    @Test(arguments: UInt64(1)...60)
    func `random rows are read as they were written, bad ones set apart`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var batch = FixBatch()
        var expected: [Expected] = []
        let names: [[UInt8]] = [
            Array("rider".utf8), Array("라이더 7".utf8), [], [7], [0xFF],
            [UInt8](repeating: 65, count: 128), [UInt8](repeating: 65, count: 129), [66],
        ]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            var writer = PackedBatchWriter()
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let rider = names[Int.random(in: 0..<names.count, using: &random)]
                let sent = randomFix(&random)
                writer.append(rider: rider, fix: sent)
                expected.append(outcome(rider, sent))
            }
            _ = try append(writer.bytes, to: &batch)
        }
        let read = zip(batch.entries, expected).map { entry, wanted in
            let name = batch.names[Int(entry.nameStart)...].prefix(Int(entry.nameCount))
            return entry.malformed == nil
                ? Expected(rider: Array(name), fix: entry.fix, isDropped: entry.fieldDropped)
                : Expected(rider: wanted.rider)
        }
        let isSame = batch.count == expected.count && read == expected
        #expect(isSame, "seed \(seed)")
        #expect(isLegal(batch), "seed \(seed)")
        // Names that no good row has are none of the batch.
        let used = Set(batch.entries.filter { $0.malformed == nil }.map(\.riderIndex))
        #expect(used.count == batch.riders.count, "seed \(seed)")
    }

    private func randomFix(_ random: inout SeededGenerator) -> Fix {
        func pick(_ legal: ClosedRange<Int32>, _ others: [Int32]) -> Int32 {
            Int.random(in: 0..<8, using: &random) == 0
                ? others.randomElement(using: &random)! : Int32.random(in: legal, using: &random)
        }
        var fix = Fix(
            tsMs: Int64.random(in: -(1 << 47) + 1..<1 << 47, using: &random),
            latE7: pick(-900_000_000...900_000_000, [900_000_001, -900_000_001, .min, .max]),
            lonE7: pick(-1_800_000_000...1_800_000_000, [1_800_000_001, .min, .max]))
        if Int.random(in: 0..<10, using: &random) == 0 {
            fix.tsMs = [1 << 47, -(1 << 47), .min, .max].randomElement(using: &random)!
        }
        fix.speedCms = pick(0...100_000, [Fix.absent, -1, 100_001, .max])
        fix.headingCdeg = pick(0...35_999, [Fix.absent, -1, 36_000, 36_001])
        fix.accuracyDm = pick(0...1_000_000, [Fix.absent, -1, 1_000_001])
        fix.altitudeDm = pick(-200_000...1_000_000, [Fix.absent, -200_001, 1_000_001])
        fix.source = FixSource.allCases.randomElement(using: &random)!
        return fix
    }

    /// The rules of the page, written down a second time.
    private func outcome(_ rider: [UInt8], _ sent: Fix) -> Expected {
        let isText = !rider.isEmpty && rider.count <= 128 && rider != [7] && rider != [0xFF]
        guard isText, sent.tsMs > -(1 << 47), sent.tsMs < 1 << 47,
            (-900_000_000...900_000_000).contains(sent.latE7),
            (-1_800_000_000...1_800_000_000).contains(sent.lonE7)
        else { return Expected(rider: rider) }
        var result = Expected(rider: rider, fix: sent)
        if sent.headingCdeg == 36_000 { result.fix?.headingCdeg = 0 }
        func drop(_ field: WritableKeyPath<Fix, Int32>, _ range: ClosedRange<Int32>) {
            guard sent[keyPath: field] != Fix.absent, !range.contains(sent[keyPath: field])
            else { return }
            result.fix?[keyPath: field] = Fix.absent
            result.isDropped = true
        }
        drop(\.speedCms, 0...100_000)
        drop(\.headingCdeg, 0...36_000)
        drop(\.accuracyDm, 0...1_000_000)
        drop(\.altitudeDm, -200_000...1_000_000)
        return result
    }

    @Test func `an unknown source is dropped`() throws {
        var frame = example
        frame[12 + 32] = 5
        var batch = FixBatch()
        _ = try append(frame, to: &batch)
        #expect(batch.entries[0].malformed == nil)
        #expect(batch.entries[0].fix.source == .unknown)
        #expect(batch.entries[0].fieldDropped)
    }

    @Test func `noise behind a good header never becomes an illegal fix`() {
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            let riders = Int.random(in: 0...5, using: &random)
            let rows = Int.random(in: 0...20, using: &random)
            let lengths = (0..<riders).map { _ in UInt8.random(in: 0...140, using: &random) }
            var frame = Array("TPUT".utf8) + [0, 0, UInt8(riders), 0, UInt8(rows), 0, 0, 0]
            for _ in 0..<rows {
                frame += (0..<33).map { _ in UInt8.random(in: 0...255, using: &random) }
                frame += [0, UInt8.random(in: 0...UInt8(max(0, riders - 1)), using: &random), 0]
            }
            frame += lengths
            let bytes = lengths.reduce(0) { $0 + Int($1) }
            frame += (0..<bytes).map { _ in UInt8.random(in: 30...126, using: &random) }
            var batch = FixBatch()
            do throws(PackedDefect) {
                #expect(try append(frame, to: &batch) == rows, "seed \(seed)")
                #expect(isLegal(batch), "seed \(seed)")
            } catch {
                #expect(riders == 0 && rows > 0, "seed \(seed): \(error)")
            }
        }
    }
}
