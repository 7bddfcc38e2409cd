extension Area {
    /// Reads an area from words: `CIRCLE lat lon m`, `BBOX min_lat min_lon max_lat max_lon`,
    /// `POLYGON rings n lat lon…` with the points of each ring behind their number, `CELL h3`. The
    /// shape in any case. Returns how many words it took.
    package static func read(_ words: [String]) throws(AreaError) -> (area: Area, words: Int) {
        var reader = AreaReader(words: words)
        let area = try reader.area()
        return (area, reader.taken)
    }

    /// The words of an area as it is kept: the shape in capitals, numbers in their shortest form, so that
    /// one area has one text. They must be those of an area, nothing behind.
    package static func canonical(_ words: [String]) -> [String] {
        guard let shape = words.first?.uppercased() else { return [] }
        return [shape]
            + words.dropFirst().map { word in
                if shape == "CELL" { return Cell(hex: word)?.hex ?? word }
                if let count = Int(word) { return String(count) }
                guard let value = Double(word) else { return word }
                let text = "\(value)"
                return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
            }
    }

    /// The same words with commas between them, nothing behind: as a command line has them.
    package init(commaSeparated text: String) throws(AreaError) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let (area, taken) = try Self.read(words)
        guard taken == words.count else {
            throw .unknownShape(AreaReader.shown(words[taken]))
        }
        self = area
    }
}

private struct AreaReader {
    let words: [String]
    private(set) var taken = 0
    private var shape = "an area"

    init(words: [String]) { self.words = words }

    mutating func area() throws(AreaError) -> Area {
        let word = try next()
        shape = word.uppercased()
        switch shape {
        case "CIRCLE":
            let (lat, lon) = (try latitude(), try longitude())
            return .circle(try Circle(lat: lat, lon: lon, radiusM: try number("radius")))
        case "BBOX":
            let (south, west) = (try latitude(), try longitude())
            let (north, east) = (try latitude(), try longitude())
            return .box(
                try Box(checkedMinLat: south, minLon: west, maxLat: north, maxLon: east))
        case "POLYGON":
            let rings = try count("rings", atMost: Polygon.mostPoints)
            var all: [[PlanePosition]] = []
            for _ in 0..<rings { all.append(try ring()) }
            return .polygon(try Polygon(rings: all))
        case "CELL":
            let text = try next()
            guard let cell = Cell(hex: text) else { throw .notACell(Self.shown(text)) }
            return .cell(cell)
        default: throw .unknownShape(Self.shown(word))
        }
    }

    private mutating func ring() throws(AreaError) -> [PlanePosition] {
        let points = try count("points", atMost: Polygon.mostPoints)
        var ring: [PlanePosition] = []
        for _ in 0..<points {
            ring.append(PlanePosition(lat: try latitude(), lon: try longitude()))
        }
        return ring
    }

    /// A word for people: cut, and without what a terminal would obey.
    static func shown(_ word: String) -> String {
        let cut = word.unicodeScalars.prefix(64).map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "?" : String(scalar)
        }
        return cut.joined() + (word.unicodeScalars.count > 64 ? "..." : "")
    }

    private mutating func next() throws(AreaError) -> String {
        guard taken < words.count else { throw .incomplete(shape) }
        defer { taken += 1 }
        return words[taken]
    }

    private mutating func latitude() throws(AreaError) -> Double {
        let text = try next()
        let value = try Self.value("lat", text)
        guard value.magnitude <= 90 else { throw .latitude(Self.shown(text)) }
        return value
    }

    private mutating func longitude() throws(AreaError) -> Double {
        let text = try next()
        let value = try Self.value("lon", text)
        guard value.magnitude <= 180 else { throw .longitude(Self.shown(text)) }
        return value
    }

    private mutating func number(_ what: String) throws(AreaError) -> Double {
        try Self.value(what, try next())
    }

    private mutating func count(_ what: String, atMost limit: Int) throws(AreaError) -> Int {
        let text = try next()
        guard let value = Int(text), value >= 0 else {
            throw .notANumber(what: what, text: Self.shown(text))
        }
        guard value <= limit else { throw .tooManyPoints }
        return value
    }

    /// A decimal number, as fixes have them: no `nan`, `inf` or hexadecimal.
    private static func value(_ what: String, _ text: String) throws(AreaError) -> Double {
        let isDecimal = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
        }
        guard isDecimal, let value = Double(text), value.isFinite else {
            throw .notANumber(what: what, text: shown(text))
        }
        return value
    }
}
