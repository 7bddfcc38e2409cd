package import TachoGeo

/// A track as GeoJSON (RFC 7946): one Feature with a line, and what belongs to its points as arrays
/// beside it.
///
/// The geometry is a LineString of [lon, lat] or [lon, lat, alt], a Point of a single fix, null of
/// none. Where a leg crosses the antimeridian the line is cut into parts, a MultiLineString, as the
/// RFC asks: each part ends or begins at ±180° with a point that is no fix. Its arrays then are cut
/// alike; that point has a time in proportion and null for the rest.
///
/// Arrays stand in `properties.coordinateProperties`, where viewers look for them: `times` (RFC 3339
/// with ms), `speed_mps`, `heading_deg`, `accuracy_m`, `src`, `verdict`, with null where the phone
/// said nothing.
///
/// All arrays grow together and stand one behind the other in the object, so each is a text of its
/// own. Who writes more than memory holds takes them with `take` into files, and puts the object
/// together from `frame`. Cost: about 300 ns a fix.
package struct GeoJSONTrack: ~Copyable {
    package enum Column: Int, CaseIterable, Sendable {
        case coordinates, times, speed, heading, accuracy, source, verdict
    }

    /// A piece of the finished object.
    package enum Piece: Sendable {
        case text([UInt8])
        case column(Column)
    }

    private let rider: [UInt8]
    private var columns: [[UInt8]] = Array(repeating: [], count: Column.allCases.count)
    private var scratch = TextBuffer()
    private var fixes = 0
    private var parts = 1
    /// The next point is the first of its part.
    private var isPartStart = true
    private var last = Fix(tsMs: 0, latE7: 0, lonE7: 0)

    /// Bytes of `rider` that are no UTF-8 become U+FFFD.
    package init(rider: [UInt8]) {
        self.rider = Array(String(decoding: rider, as: UTF8.self).utf8)
    }

    /// Bytes of all columns so far.
    package var byteCount: Int { columns.reduce(0) { $0 + $1.count } }

    /// The next fix by time.
    package mutating func append(_ fix: Fix, verdict: String) {
        if fixes > 0, abs(Int64(fix.lonE7) - Int64(last.lonE7)) > Self.halfTurnE7 { cut(at: fix) }
        put(fix, verdict: verdict)
        last = fix
        fixes += 1
    }

    /// What a column has grown by since it was taken last.
    package mutating func take(_ column: Column) -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &columns[column.rawValue])
        columns[column.rawValue].reserveCapacity(taken.count)
        return taken
    }

    /// The object, in order. A column stands for all that was taken of it.
    package func frame() -> [Piece] {
        var start = Array("{\"type\":\"Feature\",\"properties\":{\"rider\":".utf8)
        JSONText.append(quoted: rider, to: &start)
        start += Array(",\"coordinateProperties\":{".utf8)
        let isMany = parts > 1
        var pieces: [Piece] = [.text(start)]
        for column in Column.allCases.dropFirst() {
            let comma = column == .times ? "" : ","
            pieces.append(
                .text(Array("\(comma)\"\(Self.name(column))\":\(isMany ? "[[" : "[")".utf8)))
            pieces.append(.column(column))
            pieces.append(.text(Array((isMany ? "]]" : "]").utf8)))
        }
        pieces.append(.text(Array("}},\"geometry\":".utf8)))
        guard fixes > 0 else { return pieces + [.text(Array("null}".utf8))] }
        let (type, open, close) =
            isMany
            ? ("MultiLineString", "[[", "]]")
            : fixes > 1 ? ("LineString", "[", "]") : ("Point", "", "")
        return pieces + [
            .text(Array("{\"type\":\"\(type)\",\"coordinates\":\(open)".utf8)),
            .column(.coordinates), .text(Array("\(close)}}".utf8)),
        ]
    }

    /// The object of what was not taken.
    package func text() -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(byteCount + 1_024)
        for piece in frame() {
            switch piece {
            case .text(let text): out += text
            case .column(let column): out += columns[column.rawValue]
            }
        }
        return out
    }

    private static func name(_ column: Column) -> String {
        switch column {
        case .coordinates: "coordinates"
        case .times: "times"
        case .speed: "speed_mps"
        case .heading: "heading_deg"
        case .accuracy: "accuracy_m"
        case .source: "src"
        case .verdict: "verdict"
        }
    }
}

// MARK: Points

extension GeoJSONTrack {
    private static var halfTurnE7: Int64 { 1_800_000_000 }

    /// Ends the part at the antimeridian and begins another on its other side.
    private mutating func cut(at fix: Fix) {
        let isEastward = last.lonE7 > 0
        // Along the shorter way: to the antimeridian, and to the fix.
        let way = Self.halfTurnE7 - abs(Int64(last.lonE7))
        let whole = way + Self.halfTurnE7 - abs(Int64(fix.lonE7))
        func between(_ a: Int64, _ b: Int64) -> Int64 {
            whole == 0 ? a : a + Int64(Int128(b - a) * Int128(way) / Int128(whole))
        }
        var crossing = Fix(
            tsMs: between(last.tsMs, fix.tsMs),
            latE7: Int32(between(Int64(last.latE7), Int64(fix.latE7))),
            lonE7: Int32(isEastward ? Self.halfTurnE7 : -Self.halfTurnE7))
        put(crossing, verdict: nil)
        for i in columns.indices { columns[i] += Array("],[".utf8) }
        parts += 1
        isPartStart = true
        crossing.lonE7 = -crossing.lonE7
        put(crossing, verdict: nil)
    }

    private mutating func put(_ fix: Fix, verdict: String?) {
        add(.coordinates) { cursor in
            cursor.put("[")
            cursor.put(e7: fix.lonE7)
            cursor.put(",")
            cursor.put(e7: fix.latE7)
            if fix.altitudeDm != Fix.absent {
                cursor.put(",")
                cursor.put(tenths: fix.altitudeDm)
            }
            cursor.put("]")
        }
        add(.times) { cursor in
            cursor.put("\"")
            UTCTime.put(ms: fix.tsMs, to: &cursor)
            cursor.put("\"")
        }
        add(.speed, fix.speedCms) { $0.put(hundredths: fix.speedCms) }
        add(.heading, fix.headingCdeg) { $0.put(hundredths: fix.headingCdeg) }
        add(.accuracy, fix.accuracyDm) { $0.put(tenths: fix.accuracyDm) }
        add(.source, quoted: fix.source.name)
        add(.verdict, quoted: verdict)
        isPartStart = false
    }

    private mutating func add(_ column: Column, _ write: (inout TextCursor) -> Void) {
        scratch.removeAll()
        var cursor = scratch.cursor(room: Self.room)
        if !isPartStart { cursor.put(",") }
        write(&cursor)
        scratch.advance(to: cursor)
        columns[column.rawValue].append(contentsOf: scratch.text)
    }

    private mutating func add(
        _ column: Column, _ value: Int32, _ write: (inout TextCursor) -> Void
    ) {
        add(column) { cursor in
            if value == Fix.absent { cursor.put("null") } else { write(&cursor) }
        }
    }

    /// A word that JSON leaves as it is.
    private mutating func add(_ column: Column, quoted word: String?) {
        if !isPartStart { columns[column.rawValue].append(UInt8(ascii: ",")) }
        guard let word else {
            columns[column.rawValue].append(contentsOf: "null".utf8)
            return
        }
        columns[column.rawValue].append(UInt8(ascii: "\""))
        columns[column.rawValue].append(contentsOf: word.utf8)
        columns[column.rawValue].append(UInt8(ascii: "\""))
    }

    /// A position, or a time, with what is around it.
    private static var room: Int { 128 }
}
