import TachoGeo

/// Names that GPX files are read and written with.
package enum GPXNames {
    /// The namespace of what only Tacho says of a point: accuracy, src, verdict.
    package static let ownNamespace = "urn:tacho:gpx:1"
    static let own = Array(ownNamespace.utf8)
    static let namespace = Array("xmlns:".utf8)
    static let root = Array("gpx".utf8)
    static let point = Array("trkpt".utf8)
    static let lat = Array("lat".utf8)
    static let lon = Array("lon".utf8)
}

/// What a point says, each in its own words.
enum GPXField: Int, CaseIterable {
    case lat, lon, time, elevation, speed, course, bearing, accuracy, source
}

/// Where in the tree an element stands.
enum GPXPlace: Equatable {
    case root, track, segment, point, route
    /// Within a point's `extensions`, at any depth.
    case extensions
    case field(GPXField)
    case waypoint, routePoint
    /// Of no interest, with all that is in it.
    case other

    /// Points outside of a segment are against the format, and read nevertheless.
    var holdsPoints: Bool { self == .segment || self == .track }

    /// An element by its local name; `isOwn`: of the namespace `GPXNames.own`.
    init(_ local: Slice<UnsafeRawBufferPointer>, in parent: GPXPlace?, isOwn: Bool) {
        func `is`(_ name: StaticString) -> Bool {
            local.elementsEqual(
                UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        }
        switch parent {
        case nil: self = .root
        case .root:
            self = `is`("trk") ? .track : `is`("rte") ? .route : `is`("wpt") ? .waypoint : .other
        case .route: self = `is`("rtept") ? .routePoint : .other
        case .track: self = `is`("trkseg") ? .segment : `is`("trkpt") ? .point : .other
        case .segment: self = `is`("trkpt") ? .point : .other
        case .point:
            if `is`("ele") {
                self = .field(.elevation)
            } else if `is`("time") {
                self = .field(.time)
            } else if `is`("speed") {
                self = .field(.speed)
            } else if `is`("course") {
                self = .field(.course)
            } else {
                self = `is`("extensions") ? .extensions : .other
            }
        case .extensions:
            if `is`("speed") {
                self = .field(.speed)
            } else if `is`("course") {
                self = .field(.course)
            } else if `is`("bearing") {
                self = .field(.bearing)
            } else if `is`("accuracy") {
                self = .field(.accuracy)
            } else {
                self = isOwn && `is`("src") ? .field(.source) : .extensions
            }
        default: self = .other
        }
    }
}

/// The texts of one point, in memory that is kept from point to point.
struct GPXPoint {
    private var bytes: [UInt8] = []
    private var ranges: [Range<Int>?] = Array(repeating: nil, count: GPXField.allCases.count)
    /// The time in Unix ms, as text.
    private var ts: Range<Int>?

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        for i in ranges.indices { ranges[i] = nil }
        ts = nil
    }

    /// False: it has one already. An empty text is none.
    mutating func set(_ field: GPXField, _ text: ArraySlice<UInt8>) -> Bool {
        guard !text.isEmpty else { return true }
        guard ranges[field.rawValue] == nil else { return false }
        let start = bytes.count
        bytes.append(contentsOf: text)
        ranges[field.rawValue] = start..<bytes.count
        return true
    }

    static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let first = text.first, XMLTokenizer.isSpace(first) { text.removeFirst() }
        while let last = text.last, XMLTokenizer.isSpace(last) { text.removeLast() }
        return text
    }

    /// Makes Unix ms of the time. `found` learns whether UTC had to be assumed.
    mutating func readTime(_ found: (Bool) -> Void) -> Malformed? {
        guard let time = ranges[GPXField.time.rawValue] else { return .tsMissing }
        let reading = bytes.withUnsafeBytes {
            UTCTime.read(UnsafeRawBufferPointer(rebasing: $0[time]))
        }
        guard let reading else {
            ts = time
            return .tsNotTime
        }
        found(!reading.hasOffset)
        let start = bytes.count
        Decimal.appendInteger(reading.rounded, to: &bytes)
        ts = start..<bytes.count
        return nil
    }

    /// Lends the fields.
    func withText(_ body: (FixText) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { bytes in
            func slice(_ range: Range<Int>?) -> UnsafeRawBufferPointer? {
                range.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
            }
            func field(_ field: GPXField) -> UnsafeRawBufferPointer? {
                slice(ranges[field.rawValue])
            }
            try body(
                FixText(
                    ts: slice(ts) ?? FixRecord.nothing, lat: field(.lat) ?? FixRecord.nothing,
                    lon: field(.lon) ?? FixRecord.nothing, speed: field(.speed),
                    heading: field(.course) ?? field(.bearing), accuracy: field(.accuracy),
                    altitude: field(.elevation), source: field(.source)))
        }
    }
}
