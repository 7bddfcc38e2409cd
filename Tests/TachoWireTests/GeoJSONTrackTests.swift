import Foundation
import TachoGeo
import TachoWire
import Testing

struct GeoJSONTrackTests {
    private func text(_ fixes: [Fix], rider: String = "r", verdict: String = "ok") -> [UInt8] {
        var track = GeoJSONTrack(rider: Array(rider.utf8))
        for fix in fixes { track.append(fix, verdict: verdict) }
        return track.text()
    }

    private func string(_ fixes: [Fix]) -> String { String(decoding: text(fixes), as: UTF8.self) }

    private static func fix(
        _ second: Int64, _ lat: Double, _ lon: Double, altitudeDm: Int32 = Fix.absent
    ) -> Fix {
        Fix(
            tsMs: second * 1_000, latE7: Int32(lat * 1e7), lonE7: Int32(lon * 1e7),
            altitudeDm: altitudeDm)
    }

    @Test func `a line has its points, and beside them what belongs to each`() {
        var first = Self.fix(0, 37.5, -127, altitudeDm: -15)
        (first.speedCms, first.headingCdeg, first.accuracyDm) = (420, 9_050, 55)
        first.source = .gps
        #expect(
            string([first, Self.fix(1, 37.5, -127)])
                == #"{"type":"Feature","properties":{"rider":"r","coordinateProperties":{"#
                + #""times":["1970-01-01T00:00:00.000Z","1970-01-01T00:00:01.000Z"],"#
                + #""speed_mps":[4.2,null],"heading_deg":[90.5,null],"accuracy_m":[5.5,null],"#
                + #""src":["gps",null],"verdict":["ok","ok"]}},"geometry":{"type":"LineString","#
                + #""coordinates":[[-127.0000000,37.5000000,-1.5],[-127.0000000,37.5000000]]}}"#)
    }

    @Test func `one fix is a point and none has no geometry`() {
        #expect(
            string([Self.fix(0, 1, 2)]).hasSuffix(
                #""verdict":["ok"]}},"geometry":{"type":"Point","coordinates":[2.0000000,1.0000000]}}"#
            ))
        #expect(
            string([]).hasSuffix(
                #""times":[],"speed_mps":[],"heading_deg":[],"accuracy_m":[],"#
                    + #""src":[],"verdict":[]}},"geometry":null}"#))
    }

    @Test func `a leg over the antimeridian is cut there, both ways`() {
        let east = string([Self.fix(0, 10, 179.9), Self.fix(10, 11, -179.7)])
        #expect(
            east.hasSuffix(
                #"{"type":"MultiLineString","coordinates":[[[179.9000000,10.0000000],"#
                    + #"[180.0000000,10.2500000]],[[-180.0000000,10.2500000],"#
                    + #"[-179.7000000,11.0000000]]]}}"#))
        #expect(
            east.contains(
                #""times":[["1970-01-01T00:00:00.000Z","1970-01-01T00:00:02.500Z"],"#
                    + #"["1970-01-01T00:00:02.500Z","1970-01-01T00:00:10.000Z"]]"#))
        #expect(east.contains(#""verdict":[["ok",null],[null,"ok"]]"#))
        let west = string([Self.fix(0, 0, -180), Self.fix(10, 0, 180), Self.fix(20, 0, 0)])
        #expect(
            west.hasSuffix(
                #"[[[-180.0000000,0.0000000],[-180.0000000,0.0000000]],[[180.0000000,0.0000000],"#
                    + #"[180.0000000,0.0000000],[0.0000000,0.0000000]]]}}"#))
        // Half a turn is no way over it.
        #expect(string([Self.fix(0, 0, -90), Self.fix(1, 0, 90)]).contains("\"LineString\""))
    }

    @Test func `any fixes give an object of RFC 7946 that holds each of them`() throws {
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            func pick(_ range: ClosedRange<Int64>) -> Int64 {
                switch random.next() % 4 {
                case 0: range.lowerBound
                case 1: range.upperBound
                default: Int64.random(in: range, using: &random)
                }
            }
            func maybe(_ range: ClosedRange<Int64>) -> Int32 {
                random.next() % 3 == 0 ? Fix.absent : Int32(pick(range))
            }
            let fixes = (0..<Int(random.next() % 30)).map { _ in
                Fix(
                    tsMs: pick(-(1 << 47) + 1...(1 << 47) - 1),
                    latE7: Int32(pick(-900_000_000...900_000_000)),
                    lonE7: Int32(pick(-1_800_000_000...1_800_000_000)),
                    speedCms: maybe(0...100_000),
                    headingCdeg: maybe(0...35_999), accuracyDm: maybe(0...1_000_000),
                    altitudeDm: maybe(-200_000...1_000_000))
            }
            let bytes = text(fixes, rider: "\"é\\\n", verdict: "hold:SPIKE+TELEPORT")
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
            let properties = try #require(object["properties"] as? [String: Any])
            #expect(properties["rider"] as? String == "\"é\\\n")
            let arrays = try #require(properties["coordinateProperties"] as? [String: Any])
            let geometry = object["geometry"] as? [String: Any]
            let type = geometry?["type"] as? String
            func flat(_ value: Any?) -> [Any] {
                let array = value as? [Any] ?? []
                return type == "MultiLineString" ? array.flatMap { $0 as? [Any] ?? [] } : array
            }
            let coordinates =
                type == "Point" ? [geometry?["coordinates"] as Any] : flat(geometry?["coordinates"])
            for name in ["times", "speed_mps", "heading_deg", "accuracy_m", "src", "verdict"] {
                #expect(flat(arrays[name]).count == coordinates.count, "seed \(seed), \(name)")
            }
            // Points at the antimeridian that are none of the fixes have no verdict.
            let own = zip(coordinates, flat(arrays["verdict"])).filter { !($0.1 is NSNull) }
            #expect(own.count == fixes.count, "seed \(seed)")
            for ((coordinate, _), fix) in zip(own, fixes) {
                let position = try #require(coordinate as? [Double])
                #expect((position[0] * 1e7).rounded() == Double(fix.lonE7), "seed \(seed)")
                #expect((position[1] * 1e7).rounded() == Double(fix.latE7), "seed \(seed)")
                #expect(position.count == (fix.altitudeDm == Fix.absent ? 2 : 3))
            }
            for line in type == "MultiLineString"
                ? geometry?["coordinates"] as? [[[Double]]] ?? [] : []
            {
                #expect(line.count >= 2, "seed \(seed)")
                for (a, b) in zip(line, line.dropFirst()) {
                    #expect(abs(a[0] - b[0]) <= 180, "seed \(seed)")
                }
            }
        }
    }

    @Test func `columns taken piece by piece are the whole`() {
        let fixes = (0..<100).map { Self.fix($0, 0, $0 % 7 == 3 ? 179.9 : -179.9) }
        var track = GeoJSONTrack(rider: [0x72])
        var columns = GeoJSONTrack.Column.allCases.map { _ in [UInt8]() }
        for (number, fix) in fixes.enumerated() {
            track.append(fix, verdict: "ok")
            guard number % 13 == 0 else { continue }
            for column in GeoJSONTrack.Column.allCases {
                columns[column.rawValue] += track.take(column)
            }
        }
        for column in GeoJSONTrack.Column.allCases {
            columns[column.rawValue] += track.take(column)
        }
        #expect(track.byteCount == 0)
        var whole: [UInt8] = []
        for piece in track.frame() {
            switch piece {
            case .text(let text): whole += text
            case .column(let column): whole += columns[column.rawValue]
            }
        }
        #expect(whole == text(fixes))
    }
}
