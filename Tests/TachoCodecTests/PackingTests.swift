import Foundation
import TachoGeo
import Testing

@testable import TachoCodec

@Suite struct PackingTests {
    /// Values of one size, of a few sizes, of noise, with and without outliers; some that repeat
    /// themselves.
    private static func values(_ random: inout Seeded, _ count: Int) -> [UInt64] {
        if random.chance(10) {
            let period = random.pick(1...90)
            let once = values(&random, period)
            return (0..<count).map { random.chance(1) ? random.next() >> 2 : once[$0 % period] }
        }
        let width = random.pick(UInt64(0)...40)
        let outliers = random.one(of: [0, 0, 1, 10])
        let isNoise = random.chance(50)
        return (0..<count).map { _ in
            var value = random.next() >> (64 - width)
            // The shorter of several: small values are more frequent then.
            if isNoise { value = min(value, random.next() >> (64 - width)) }
            if isNoise { value >>= random.pick(UInt64(0)...3) }
            return random.chance(outliers) ? random.next() >> 2 : value
        }
    }

    /// What the packing of the values reads back as, and its form.
    private static func roundTrip(_ values: [UInt64]) throws -> (back: [UInt64], form: Int) {
        var values = values
        let count = values.count
        let scratch = EncoderScratch(capacity: max(count, 16))
        defer { scratch.free() }
        var writer = RawWriter(scratch.out)
        let packing = values.withUnsafeMutableBufferPointer {
            var packing = Packing($0.baseAddress!, count: count, scratch.packing)
            let others = packing.bytes
            let isTried = packing.tryPlanes($0.baseAddress!, count: count, scratch.packing)
            let isTaken = packing.form == Packing.planes
            #expect(isTaken ? isTried && packing.bytes < others : packing.bytes == others)
            packing.write($0.baseAddress!, count: count, scratch.packing, to: &writer)
            return packing
        }
        #expect(writer.count == packing.bytes)
        let bytes = HeapBytes(Array(scratch.out[..<writer.count]))
        var reader = ColumnReader(bytes.raw)
        var back = [UInt64](repeating: 77, count: count)
        let room = PatchRoom(places: scratch.packing.places, patches: scratch.packing.high)
        try back.withUnsafeMutableBufferPointer {
            try Packing.read(&reader, count: count, into: $0.baseAddress!, room: room)
        }
        let isAtEnd = reader.isAtEnd
        #expect(isAtEnd)
        return (back, packing.form)
    }

    @Test func `values of any distribution come back in the size that was planned`() throws {
        var seen: [Int: Int] = [:]
        for seed in UInt64(0)..<3_000 {
            var random = Seeded(seed)
            let values = Self.values(&random, random.pick(1...700))
            let (back, form) = try Self.roundTrip(values)
            #expect(back == values, "seed \(seed)")
            seen[form, default: 0] += 1
        }
        // A test that only ever saw one form would say little.
        #expect(seen[Packing.patched, default: 0] > 50)
        #expect(seen[Packing.rice, default: 0] > 200)
        #expect(seen[Packing.planes, default: 0] > 50)
        #expect(seen.filter { $0.key >= Packing.smallestLog2 }.values.reduce(0, +) > 200)
    }

    @Test func `quotients fill words to their ends`() throws {
        for zeros in 0...15 {
            for count in 1...140 {
                let values = (0..<count).map { UInt64($0 % 3 == 0 ? zeros : 0) }
                #expect(try Self.roundTrip(values).back == values, "\(zeros), \(count)")
            }
        }
    }

    /// Two values, no low bits, one patch of eight bits for the first.
    @Test func `a Rice code whose value has a quotient and a patch is refused`() throws {
        func read(_ quotients: UInt8) throws -> [UInt64] {
            let bytes = HeapBytes([UInt8(Packing.rice), 0, 8, 1, quotients, 0, 0x55])
            let scratch = EncoderScratch(capacity: 16)
            defer { scratch.free() }
            var reader = ColumnReader(bytes.raw)
            var back: [UInt64] = [0, 0]
            let room = PatchRoom(places: scratch.packing.places, patches: scratch.packing.high)
            try back.withUnsafeMutableBufferPointer {
                try Packing.read(&reader, count: 2, into: $0.baseAddress!, room: room)
            }
            return back
        }
        #expect(try read(0b11) == [0x55, 0])
        // A zero before the second one: its quotient, and it has no patch.
        #expect(try read(0b101) == [0x55, 1])
        #expect(throws: ColumnError.self) { try read(0b110) }
    }

    @Test func `Rice takes at most a tenth above the entropy of noise`() throws {
        var random = Seeded(5)
        // A sum of uniform numbers: nearly normal.
        let values = (0..<4_096).map { _ -> UInt64 in
            let sum = (0..<6).reduce(Int64(0)) { sum, _ in sum + random.pick(-100...100) }
            return Zigzag.encode(sum)
        }
        var counts: [UInt64: Double] = [:]
        for value in values { counts[value, default: 0] += 1 }
        // Of the distribution, not of the sample, which is too small for it: by the variance.
        let variance = Double(6 * 201 * 201 - 6) / 12
        let entropy = 0.5 * log2(2 * Double.pi * 2.718281828 * variance)
        var copy = values
        let scratch = EncoderScratch(capacity: values.count)
        defer { scratch.free() }
        let packing = copy.withUnsafeMutableBufferPointer {
            Packing($0.baseAddress!, count: values.count, scratch.packing)
        }
        #expect(packing.form == Packing.rice)
        #expect(Double(packing.bytes * 8) / 4_096 < entropy * 1.1)
    }
}

@Suite struct CourseTests {
    @Test func `sines are those of the page`() {
        for i in 0...1_800 {
            let exact = 16_384 * sin(Double(i) / 4 * .pi / 180)
            #expect(Double(Course.sines[i]) == exact.rounded(), "quarter degree \(i)")
        }
    }

    @Test func `a scale makes units of the column out of speed and time`() {
        for lat in stride(from: Int32(-850_000_000), through: 850_000_000, by: 1_234_567) {
            let exact = 15_088 / cos(Double(lat) * 1e-7 * .pi / 180)
            let scale = Double(Course.scale(.lon, latE7: lat, factor: 1))
            #expect(abs(scale / exact - 1) < 0.03, "\(lat)")
        }
        for lat in [Int32(900_000_000), -900_000_000, 899_999_999] {
            for factor in [UInt64(1), 10, .max] {
                for column in [Column.lat, .lon] {
                    let scale = Course.scale(column, latE7: lat, factor: factor)
                    #expect(scale >= 0 && scale <= Course.maxScale)
                }
            }
        }
    }

    @Test func `a courier's places cost less by his course than without it`() {
        var random = Seeded(3)
        let track = Track.courier(&random, count: 256, noise: 50)
        var silent = track
        for i in silent.fixes.indices { silent.fixes[i].fix.headingCdeg = Fix.absent }
        var headings = Track()
        headings.arrivals = track.arrivals
        headings.fixes = track.fixes.map {
            var stored = $0
            stored.fix.latE7 = 0
            stored.fix.lonE7 = 0
            return stored
        }
        // With the headings' own cost taken off.
        let alone = headings.columns().count
        var still = headings
        for i in still.fixes.indices { still.fixes[i].fix.headingCdeg = Fix.absent }
        let saved = silent.columns().count - (track.columns().count - alone + still.columns().count)
        #expect(saved > 60)
    }
}
