import TachoGeo
import Testing

@Suite struct FixTextTests {
    /// Reads a report whose fields are given as text; nil is absent.
    private func read(
        ts: String = "1000", lat: String = "1", lon: String = "2", speed: String? = nil,
        heading: String? = nil, accuracy: String? = nil, altitude: String? = nil,
        source: String? = nil, recv: String? = nil
    ) -> Result<FixText.Reading, Malformed> {
        let fields: [String?] = [ts, lat, lon, speed, heading, accuracy, altitude, source, recv]
        var bytes: [UInt8] = []
        var places: [Range<Int>?] = []
        for field in fields {
            places.append(field.map { bytes.count..<bytes.count + $0.utf8.count })
            bytes += Array((field ?? "").utf8)
        }
        return bytes.withUnsafeBytes { raw in
            func slice(_ n: Int) -> UnsafeRawBufferPointer? {
                places[n].map { UnsafeRawBufferPointer(rebasing: raw[$0]) }
            }
            return FixText(
                ts: slice(0)!, lat: slice(1)!, lon: slice(2)!, speed: slice(3),
                heading: slice(4), accuracy: slice(5), altitude: slice(6), source: slice(7),
                recv: slice(8)
            ).read()
        }
    }

    @Test func `all fields are read at stored precision`() throws {
        let reading = try read(
            ts: "1700000000123", lat: "-37.56650005", lon: "126.978", speed: "5.125",
            heading: "359.994", accuracy: "3.25", altitude: "-12.35", source: "fused",
            recv: "1700000000999"
        ).get()
        #expect(
            reading.fix
                == Fix(
                    tsMs: 1_700_000_000_123, latE7: -375_665_001, lonE7: 1_269_780_000,
                    speedCms: 513, headingCdeg: 35_999, accuracyDm: 33, altitudeDm: -124,
                    source: .fused))
        #expect(!reading.fieldDropped)
        #expect(reading.claimedRecvMs == 1_700_000_000_999)
    }

    @Test func `absent is absent, not zero`() throws {
        let reading = try read().get()
        #expect(reading.fix == Fix(tsMs: 1_000, latE7: 10_000_000, lonE7: 20_000_000))
        #expect(reading.fix.speedCms == Fix.absent && reading.fix.altitudeDm == Fix.absent)
        #expect(!reading.fieldDropped && reading.claimedRecvMs == nil)
        #expect(try read(speed: "0").get().fix.speedCms == 0)
    }

    @Test(arguments: [
        ("140737488355327", true), ("-140737488355327", true), ("140737488355328", false),
        ("-140737488355328", false), ("9223372036854775807", false),
        ("-9223372036854775808", false), ("99999999999999999999", false),
    ])
    func `a time is below 2^47 in magnitude`(ts: String, isGood: Bool) throws {
        switch read(ts: ts) {
        case .success(let reading): #expect(isGood && "\(reading.fix.tsMs)" == ts)
        case .failure(let reason): #expect(!isGood && reason == .tsOutOfRange)
        }
    }

    @Test(arguments: ["", "1.0", "1e3", "now", "nan", " 1"])
    func `a time that is no integer is malformed`(ts: String) {
        #expect(throws: Malformed.tsNotInteger) { try read(ts: ts).get() }
    }

    @Test func `the limits of a place hold after rounding`() throws {
        #expect(try read(lat: "90").get().fix.latE7 == 900_000_000)
        #expect(try read(lat: "-90.00000004").get().fix.latE7 == -900_000_000)
        #expect(throws: Malformed.latOutOfRange) { try read(lat: "90.00000005").get() }
        #expect(throws: Malformed.latOutOfRange) { try read(lat: "127.02").get() }
        #expect(throws: Malformed.latOutOfRange) { try read(lat: "1e300").get() }
        #expect(try read(lon: "180.000000049").get().fix.lonE7 == 1_800_000_000)
        #expect(try read(lon: "-180").get().fix.lonE7 == -1_800_000_000)
        #expect(throws: Malformed.lonOutOfRange) { try read(lon: "-180.00000005").get() }
        for text in ["", "nan", "NaN", "inf", "-inf", "1,5", "N 37"] {
            #expect(throws: Malformed.latNotNumber) { try read(lat: text).get() }
            #expect(throws: Malformed.lonNotNumber) { try read(lon: text).get() }
        }
    }

    @Test func `the first broken mandatory field is named`() {
        #expect(throws: Malformed.tsNotInteger) { try read(ts: "x", lat: "x", lon: "x").get() }
        #expect(throws: Malformed.latNotNumber) { try read(lat: "x", lon: "x").get() }
    }

    /// Field, text, stored value; nil: dropped.
    static let optionals: [(field: String, text: String, stored: Int32?)] = [
        ("speed", "1000", 100_000), ("speed", "1000.004", 100_000), ("speed", "1000.005", nil),
        ("speed", "-0.004", 0), ("speed", "-0.005", nil), ("speed", "nan", nil),
        ("speed", "fast", nil), ("speed", "", nil), ("heading", "0", 0),
        ("heading", "359.99", 35_999), ("heading", "359.995", 0), ("heading", "360", 0),
        ("heading", "360.005", nil), ("heading", "-1", nil), ("accuracy", "100000", 1_000_000),
        ("accuracy", "100000.05", nil), ("accuracy", "-0.05", nil), ("accuracy", "0.04", 0),
        ("altitude", "-20000", -200_000), ("altitude", "-20000.05", nil),
        ("altitude", "100000", 1_000_000), ("altitude", "100000.05", nil),
        ("altitude", "1e99999", nil),
    ]

    @Test(arguments: optionals)
    func `an optional field out of range is dropped, and the fix stays`(
        field: String, text: String, stored: Int32?
    ) throws {
        let reading =
            switch field {
            case "speed": try read(speed: text).get()
            case "heading": try read(heading: text).get()
            case "accuracy": try read(accuracy: text).get()
            default: try read(altitude: text).get()
            }
        let fix = reading.fix
        let value =
            switch field {
            case "speed": fix.speedCms
            case "heading": fix.headingCdeg
            case "accuracy": fix.accuracyDm
            default: fix.altitudeDm
            }
        #expect(value == stored ?? Fix.absent)
        #expect(reading.fieldDropped == (stored == nil))
    }

    @Test func `a source is one of four words`() throws {
        for source in FixSource.allCases {
            guard let name = source.name else { continue }
            #expect(try read(source: name).get().fix.source == source)
        }
        for text in ["GPS", "", "satellite", "gpss"] {
            let reading = try read(source: text).get()
            #expect(reading.fix.source == .unknown && reading.fieldDropped, "\(text)")
        }
    }

    @Test(arguments: ["x", "1.5", "140737488355328", "-9223372036854775808", ""])
    func `an unreadable claimed receipt is dropped`(recv: String) throws {
        let reading = try read(recv: recv).get()
        #expect(reading.claimedRecvMs == nil && reading.fieldDropped)
    }

    @Test func `every reason has a code of its own and a message with the value`() {
        #expect(Set(Malformed.allCases.map(\.code)).count == Malformed.allCases.count)
        #expect(Set(Malformed.allCases.map(\.rawValue)).count == Malformed.allCases.count)
        #expect(
            Malformed.latOutOfRange.message(value: "127.02")
                == "lat 127.02 out of range, did you swap lat and lon?")
    }
}
