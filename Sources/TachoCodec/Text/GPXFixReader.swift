import TachoGeo

/// Reads fixes from GPX 1.0 and 1.1: the `trkpt` of every track and segment.
///
/// Elements are known by their local names, whatever the prefix. Of a point: attributes `lat` and
/// `lon`; `ele`; `time`, RFC 3339, UTC where it has no offset; `speed` in m/s and `course` of
/// GPX 1.0, or of any extension, as Garmin's `TrackPointExtension`; an extension's `bearing` where
/// there is no course; an extension's `accuracy` in m (`hdop` is none); `src` of `GPXNames.own`.
/// Waypoints and points of routes are no fixes: they are counted in a warning. A point without time
/// is malformed.
///
/// Memory: a tag of `XMLTokenizer.maxTagBytes` and a point of `maxRawBytes` beyond the piece fed.
/// Cost: about 5 ns a byte.
package struct GPXFixReader: FixReader {
    /// Of a point's text, what is kept for the case that it is malformed.
    package static let maxRawBytes = 1 << 16
    /// Longer values are no numbers.
    private static let maxValueBytes = 4_096

    package private(set) var warnings: [String] = []
    private let rider: [UInt8]
    private var pending: [UInt8] = []
    private var encoding: XMLEncoding?
    private var tokenizer = XMLTokenizer()
    private var places: [GPXPlace] = []
    private var point = GPXPoint()
    /// The text of the field that is open.
    private var value: [UInt8] = []
    private var rawPoint: [UInt8] = []
    private var isInPoint = false
    private var pointLine = 0
    private var ownPrefix: [UInt8]?
    private var waypoints = 0
    private var routePoints = 0
    private var hasTimeWithoutOffset = false

    package init(rider: [UInt8]) { self.rider = rider }

    package var bufferedBytes: Int { pending.count + rawPoint.count + value.count }

    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, record: (FixRecord) throws -> Void
    ) throws {
        var buffer: [UInt8] = []
        swap(&buffer, &pending)
        if let encoding {
            encoding.append(bytes[...], to: &buffer)
        } else {
            buffer.append(contentsOf: bytes)
            guard
                let found = try buffer.withUnsafeBytes({ try XMLEncoding.find($0, isLast: isLast) })
            else {
                swap(&buffer, &pending)
                return
            }
            encoding = found.encoding
            var text: [UInt8] = []
            buffer.withUnsafeBytes { found.encoding.append($0[found.start...], to: &text) }
            buffer = text
        }
        let used = try buffer.withUnsafeBytes { try consume($0, isLast: isLast, record) }
        buffer.removeFirst(used)
        swap(&buffer, &pending)
        if isLast { try finish() }
    }

    /// Returns how many bytes are done with.
    private mutating func consume(
        _ raw: UnsafeRawBufferPointer, isLast: Bool, _ record: (FixRecord) throws -> Void
    ) throws -> Int {
        var at = 0
        while true {
            let position = tokenizer.position
            guard let (token, end) = try tokenizer.next(raw, from: at, isLast: isLast) else {
                return at
            }
            if case .start(let name, let attributes, let isEmpty) = token {
                try start(raw, at, name, attributes, position)
                keep(raw[at..<end])
                if isEmpty { try self.end(record) }
            } else {
                keep(raw[at..<end])
                switch token {
                case .text(let range): try add(raw, at, range, position)
                case .literal(let range): addLiteral(raw[range])
                case .end: try self.end(record)
                case .start, .skipped: break
                }
            }
            at = end
        }
    }

    private mutating func finish() throws {
        guard tokenizer.hasRoot else {
            throw XMLError(
                what: "the file has no element, <gpx> expected", at: tokenizer.position)
        }
        if waypoints > 0 { warnings.append(Self.ignored(waypoints, "waypoint", "wpt")) }
        if routePoints > 0 { warnings.append(Self.ignored(routePoints, "route point", "rtept")) }
    }

    private static func ignored(_ count: Int, _ what: String, _ tag: String) -> String {
        "ignored \(count) \(what)\(count > 1 ? "s" : "") (\(tag)): only points of tracks (trkpt) are"
            + " fixes"
    }

    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
        if isInPoint && rawPoint.count <= Self.maxRawBytes { rawPoint.append(contentsOf: bytes) }
    }
}

// MARK: Elements

extension GPXFixReader {
    private mutating func start(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ name: Range<Int>, _ attributes: Range<Int>,
        _ position: XMLPosition
    ) throws {
        let colon = raw[name].firstIndex(of: UInt8(ascii: ":"))
        let local = raw[(colon.map { $0 + 1 } ?? name.lowerBound)..<name.upperBound]
        if places.isEmpty && !local.elementsEqual(GPXNames.root) {
            let shown = String(decoding: raw[name].prefix(64), as: UTF8.self)
            throw XMLError(
                what: "the first element is <\(shown)>, a GPX file has <gpx>", at: position)
        }
        var isPoint = false
        if places.last?.holdsPoints == true && local.elementsEqual(GPXNames.point) {
            isPoint = true
            isInPoint = true
            pointLine = position.line
            rawPoint.removeAll(keepingCapacity: true)
            point.removeAll()
        }
        try XMLTokenizer.forEachAttribute(raw, at, attributes, from: position) {
            (name, value) throws(XMLError) in
            try attribute(raw, at, name, value, ofPoint: isPoint, position)
        }
        let isOwn = colon.map { raw[name.lowerBound..<$0].elementsEqual(ownPrefix ?? []) } ?? false
        let place = GPXPlace(local, in: places.last, isOwn: isOwn)
        if place == .waypoint { waypoints += 1 }
        if place == .routePoint { routePoints += 1 }
        if case .field = place { value.removeAll(keepingCapacity: true) }
        places.append(place)
    }

    private mutating func attribute(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ name: Range<Int>, _ text: Range<Int>,
        ofPoint: Bool, _ position: XMLPosition
    ) throws(XMLError) {
        if raw[name].starts(with: GPXNames.namespace), raw[text].elementsEqual(GPXNames.own) {
            ownPrefix = Array(raw[name].dropFirst(GPXNames.namespace.count))
        }
        guard ofPoint else { return }
        let isLat = raw[name].elementsEqual(GPXNames.lat)
        guard isLat || raw[name].elementsEqual(GPXNames.lon) else { return }
        value.removeAll(keepingCapacity: true)
        if let bad = XMLReferences.append(raw[text], to: &value) {
            throw Self.badReference(raw[at..<bad], from: position)
        }
        guard point.set(isLat ? .lat : .lon, GPXPoint.trimmed(value[...])) else {
            throw XMLError(what: "\(isLat ? "lat" : "lon") twice in one tag", at: position)
        }
    }

    private mutating func add(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ range: Range<Int>, _ position: XMLPosition
    ) throws(XMLError) {
        guard case .field = places.last, value.count <= Self.maxValueBytes else { return }
        if let bad = XMLReferences.append(raw[range], to: &value) {
            throw Self.badReference(raw[at..<bad], from: position)
        }
        clampValue()
    }

    private static func badReference(
        _ before: Slice<UnsafeRawBufferPointer>, from position: XMLPosition
    ) -> XMLError {
        var place = position
        place.advance(over: before)
        return XMLError(what: "a reference (&…;) that XML does not know", at: place)
    }

    private mutating func addLiteral(_ text: Slice<UnsafeRawBufferPointer>) {
        guard case .field = places.last, value.count <= Self.maxValueBytes else { return }
        value.append(contentsOf: text)
        clampValue()
    }

    /// What is cut must not look like a whole number.
    private mutating func clampValue() {
        guard value.count > Self.maxValueBytes else { return }
        value.removeLast(value.count - Self.maxValueBytes)
        value.append(UInt8(ascii: "~"))
    }

    private mutating func end(_ record: (FixRecord) throws -> Void) throws {
        switch places.removeLast() {
        // Of two of one name the first counts.
        case .field(let field): _ = point.set(field, GPXPoint.trimmed(value[...]))
        case .point:
            isInPoint = false
            try deliver(record)
        default: break
        }
    }

    private mutating func deliver(_ record: (FixRecord) throws -> Void) throws {
        let defect = point.readTime { isUTCAssumed in
            guard isUTCAssumed && !hasTimeWithoutOffset else { return }
            hasTimeWithoutOffset = true
            warnings.append("times without Z or an offset are taken for UTC, as GPX has it")
        }
        try rider.withUnsafeBytes { rider in
            try rawPoint.withUnsafeBytes { raw in
                let isCut = raw.count > Self.maxRawBytes
                var result = FixRecord(
                    line: pointLine,
                    raw: UnsafeRawBufferPointer(rebasing: raw.prefix(Self.maxRawBytes)),
                    isCut: isCut)
                result.rider = rider
                result.defect = defect
                try point.withText {
                    result.text = $0
                    try record(result)
                }
            }
        }
    }
}
