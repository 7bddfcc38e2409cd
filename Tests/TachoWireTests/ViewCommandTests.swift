import TachoGeo
@testable import TachoWire
import Testing

/// Commands of Redis on the view `live`.
struct ViewCommandTests {
    private func search(_ words: String) throws -> ViewSearch? {
        guard
            case .view(.search(let search)) = try command(
                words.split(separator: " ").map(String.init))
        else { return nil }
        return search
    }

    @Test func `keys are told apart by their letters`() {
        for (text, key) in [
            ("live", ViewKey.live), ("alerts", .stream(.alerts)), ("LIVE", .missing),
            ("", .missing),
        ] {
            #expect(Array(text.utf8).withUnsafeBytes { ViewKey($0) } == key, "\(text)")
        }
    }

    @Test func `options of GEOSEARCH come in any order and any case`() throws {
        let whole = ViewSearch(
            centre: .position(lat: 37.5, lon: 127), extent: .circle(radiusM: 2_000),
            unit: .kilometres, order: .descending, count: 3, isAny: true, withDistance: true,
            withHash: true, withPosition: true)
        #expect(
            try search(
                "GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 2 km DESC COUNT 3 ANY WITHDIST"
                    + " WITHHASH WITHCOORD") == whole)
        #expect(
            try search(
                "geosearch live any withhash count 3 desc withcoord byradius 2 KM withdist"
                    + " fromlonlat 127 37.5") == whole)
        let box = ViewSearch(
            centre: .memberArgument(7), extent: .rectangle(widthM: 3.048, heightM: 6.096),
            unit: .feet)
        #expect(try search("GEOSEARCH live BYBOX 10 20 ft FROMMEMBER r1") == box)
        // What is said twice counts as said last.
        let last = ViewSearch(
            centre: .memberArgument(5), extent: .circle(radiusM: 1_609.34), unit: .miles,
            order: .ascending, count: 2)
        #expect(
            try search(
                "GEOSEARCH live FROMMEMBER a FROMMEMBER b BYRADIUS 1 m BYRADIUS 1 mi COUNT 9"
                    + " COUNT 2 DESC ASC") == last)
        // A member may be named like an option.
        #expect(
            try search("GEOSEARCH live FROMMEMBER ASC BYRADIUS inf m")
                == ViewSearch(
                    centre: .memberArgument(3), extent: .circle(radiusM: .infinity),
                    unit: .metres))
    }

    @Test func `the older forms ask the same`() throws {
        let circle = ViewSearch(
            centre: .position(lat: 37.5, lon: 127), extent: .circle(radiusM: 5), unit: .metres,
            order: .ascending, count: 4)
        for name in ["GEORADIUS", "GEORADIUS_RO"] {
            #expect(try search("\(name) live 127 37.5 5 m COUNT 4 ASC") == circle)
        }
        var member = circle
        member.centre = .memberArgument(2)
        for name in ["GEORADIUSBYMEMBER", "georadiusbymember_ro"] {
            #expect(try search("\(name) live r1 5 m COUNT 4 ASC") == member)
        }
    }

    @Test func `the others leave members where they are`() throws {
        #expect(try command("GEOPOS", "live", "a") == .view(.positions))
        #expect(try command("GEOHASH", "live") == .view(.hashes))
        #expect(try command("GEODIST", "live", "a", "b") == .view(.distance(.metres)))
        #expect(try command("GEODIST", "live", "a", "b", "Ft") == .view(.distance(.feet)))
        #expect(try command("ZSCORE", "live", "a") == .view(.score))
        #expect(try command("ZCARD", "live") == .view(.count))
        #expect(try command("EXISTS", "live", "x") == .view(.exists))
        #expect(try command("TYPE", "live") == .view(.type))
    }

    @Test(arguments: [
        (
            "GEOSEARCH live FROMLONLAT 37.5 127.02 BYRADIUS 1 km",
            "ERR lat 127.02 out of range, did you swap lat and lon?"
        ),
        (
            "GEORADIUS live 37.5 -90.00001 1 km",
            "ERR lat -90.00001 out of range, did you swap lat and lon?"
        ),
        (
            "GEOSEARCH live FROMLONLAT 180.5 -9.25 BYRADIUS 1 km",
            "ERR invalid longitude,latitude pair 180.500000,-9.250000"
        ),
        ("GEOSEARCH live FROMLONLAT x 37.5 BYRADIUS 1 km", "ERR value is not a valid float"),
        (
            "GEOSEARCH live FROMMEMBER a BYRADIUS 1",
            "ERR wrong number of arguments for 'geosearch' command"
        ),
        ("GEOSEARCH live FROMMEMBER a BYRADIUS 1 km COUNT", "ERR syntax error"),
        ("GEOSEARCH live FROMMEMBER a BYRADIUS 1 km COUNT 0", "ERR COUNT must be > 0"),
        (
            "GEOSEARCH live FROMMEMBER a BYRADIUS 1 km COUNT 01",
            "ERR value is not an integer or out of range"
        ),
        (
            "GEOSEARCH live FROMMEMBER a BYRADIUS 1 km ANY",
            "ERR the ANY argument requires COUNT argument"
        ),
        ("GEOSEARCH live FROMMEMBER a BYRADIUS 1e999 km", "ERR need numeric radius"),
        ("GEOSEARCH live FROMMEMBER a BYRADIUS nan km", "ERR need numeric radius"),
        ("GEOSEARCH live FROMMEMBER a BYBOX 1 x km", "ERR need numeric height"),
        ("GEOSEARCH live FROMMEMBER a BYBOX -1 1 km", "ERR height or width cannot be negative"),
        ("GEOSEARCH live FROMMEMBER a BYRADIUS -1 km", "ERR radius cannot be negative"),
        (
            "GEOSEARCH live FROMMEMBER a BYRADIUS 1 yd",
            "ERR unsupported unit provided. please use M, KM, FT, MI"
        ),
        ("GEOSEARCH live FROMMEMBER a BYRADIUS 1 m BYBOX 1 1 m", "ERR syntax error"),
        ("GEOSEARCH live FROMMEMBER a FROMLONLAT 1 1 BYRADIUS 1 m", "ERR syntax error"),
        ("GEOSEARCH live FROMMEMBER a BYRADIUS 1 m STORE x", "ERR syntax error"),
        (
            "GeoSearch live BYRADIUS 1 m ASC ASC ASC",
            "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GeoSearch"
        ),
        (
            "GEOSEARCH live FROMMEMBER a ASC ASC ASC",
            "ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH"
        ),
        (
            "GEORADIUS live 1 2 3 m STORE x",
            "ERR this view is read-only, report positions with T.ADD rider ts lat lon"
        ),
        ("GEORADIUS live 1 2 3 m STORE", "ERR syntax error"),
        ("GEORADIUS_RO live 1 2 3 m STORE x", "ERR syntax error"),
        ("GEORADIUS live 1 2 3 m BYRADIUS 1 m", "ERR syntax error"),
        (
            "GEOADD live 127 37.5 r",
            "ERR this view is read-only, report positions with T.ADD rider ts lat lon"
        ),
        (
            "GEOSEARCHSTORE x live FROMMEMBER a BYRADIUS 1 m",
            "ERR this view is read-only, report positions with T.ADD rider ts lat lon"
        ),
        ("GEODIST live a b km km", "ERR syntax error"),
        ("GEODIST live a", "ERR wrong number of arguments for 'geodist' command"),
        ("ZCARD live x", "ERR wrong number of arguments for 'zcard' command"),
    ])
    func `what is wrong is told in Redis's words`(words: String, message: String) throws {
        var error: CommandError?
        do {
            _ = try command(words.split(separator: " ").map(String.init))
        } catch let thrown as CommandError {
            error = thrown
        }
        #expect(error?.message == message)
    }
}
