import TachoGeo
import Testing

@testable import TachoCodec

@Suite struct PLTReaderTests {
    static let header =
        "Geolife trajectory\r\nWGS 84\r\nAltitude is in Feet\r\nReserved 3\r\n"
        + "0,2,255,My Track,0,0,2,8421376\r\n0\r\n"

    @Test func `lines as GeoLife has them`() {
        let file = ReadFile.plt(
            Self.header
                + "39.984702,116.318417,0,492,39744.1201851852,2008-10-23,02:53:04\r\n"
                + "39.984683,116.31845,0,-777,39744.1202546296,2008-10-23,02:53:10\r\n"
                + "400.166666666667,116.3,0,0,39744.12,2008-10-23,02:53:15\r\n"
                + "39.984686,116.318417,0,492.125984251969,39744.1203125,2008-10-23,02:53:15")
        #expect(
            file.fixes == [
                Fix(
                    tsMs: 1_224_730_384_000, latE7: 399_847_020, lonE7: 1_163_184_170,
                    altitudeDm: 1_500),
                Fix(tsMs: 1_224_730_390_000, latE7: 399_846_830, lonE7: 1_163_184_500),
                Fix(
                    tsMs: 1_224_730_395_000, latE7: 399_846_860, lonE7: 1_163_184_170,
                    altitudeDm: 1_500),
            ])
        #expect(file.rows.map(\.line) == [7, 8, 9, 10])
        #expect(file.reasons.map { $0.prefix(9) } == ["LAT_RANGE"])
        #expect(file.warnings.isEmpty && file.failure == nil && file.dropped == 0)
    }

    @Test(arguments: [
        ("0", "0"), ("1", "0.3"), ("-1", "-0.3"), ("492", "150"), ("10", "3"), ("3.28", "1"),
        // Half a tenth of a metre, exactly, and a hair below.
        ("0.1640419947506562", "0.1"), ("0.16404199", "0"), ("-0.1640419947506562", "-0.1"),
        ("125", "38.1"), ("62.5", "19.1"), ("-62.5", "-19.1"), ("-776.9999", "-236.8"),
    ])
    func `feet become metres in decimal arithmetic`(feet: String, metres: String) {
        var out: [UInt8] = []
        let altitude = Array(feet.utf8).withUnsafeBytes {
            PLTFixReader.appendMetres(ofFeet: $0, to: &out)
        }
        #expect(altitude == .metres)
        #expect(String(decoding: out, as: UTF8.self) == metres)
    }

    @Test func `an altitude of no use is dropped, and -777 however written is unknown`() {
        func line(_ feet: String) -> String { "1,2,0,\(feet),0,1970-01-01,00:00:01\n" }
        let file = ReadFile.plt(
            Self.header + ["-777.0", "-777.000e0", "high", "1e9", "328084", ""].map(line).joined())
        #expect(
            file.fixes.map(\.altitudeDm) == [
                Fix.absent, Fix.absent, Fix.absent, Fix.absent, 1_000_000, Fix.absent,
            ])
        #expect(file.dropped == 3)
    }

    @Test func `a line with too few fields or a strange time costs itself only`() {
        let file = ReadFile.plt(
            Self.header + "1,2,0,3,4,2008-10-23\n\n1,2,0,3,4,23-Oct-08,10:00:00\n"
                + "1,2,0,3,4,1970-01-01,00:00:01, more\n")
        #expect(file.fixes.count == 1)
        #expect(
            file.reasons == [
                "ROW_BROKEN: lat,lon,0,feet,days,date,time expected",
                "TS_NOT_TIME: date 23-Oct-08 and time 10:00:00 are not as in 2008-10-23,02:53:04",
            ])
        #expect(file.rows.map(\.line) == [7, 9, 10])
    }

    @Test func `a missing header would lose fixes and is refused, a strange one is a warning`() {
        let line = "1,2,0,3,4,1970-01-01,00:00:01\n"
        let bare = ReadFile.plt(line + line)
        #expect(bare.rows.isEmpty && bare.failure?.hasPrefix("line 1 is a fix") == true)
        let short = ReadFile.plt("Geolife trajectory\nWGS 84\n" + line)
        #expect(short.failure?.hasPrefix("line 3 is a fix") == true)
        let odd = ReadFile.plt("OziExplorer\nNAD27\nAltitude is in Metres\n\n\n\n" + line)
        #expect(odd.fixes.count == 1 && odd.warnings.count == 2)
        #expect(odd.warnings[0].contains("NAD27") && odd.warnings[1].contains("taken for feet"))
    }

    @Test func `a cut at any byte changes nothing`() {
        let text =
            Self.header + "1,2,0,3,4,1970-01-01,00:00:01\r\nx\n1,2,0,-777,4,1970-01-01,00:00:02"
        let whole = ReadFile.plt(text)
        #expect(whole.fixes.count == 2)
        for piece in 1...text.utf8.count {
            #expect(ReadFile.plt(text, piece: piece).content == whole.content, "pieces of \(piece)")
        }
    }
}
