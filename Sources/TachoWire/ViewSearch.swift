package import TachoGeo

/// `GEOSEARCH key FROMMEMBER m|FROMLONLAT lon lat BYRADIUS r unit|BYBOX w h unit [ASC|DESC]
/// [COUNT n [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]`, in any order, and its older forms GEORADIUS and
/// GEORADIUSBYMEMBER. What is given twice counts as given last, as in Redis.
package struct ViewSearch: Equatable, Sendable {
    package enum Centre: Equatable, Sendable {
        case position(lat: Double, lon: Double)
        /// Which argument names the rider.
        case memberArgument(Int)
    }

    package var centre: Centre
    package var extent: SphereShape.Extent
    /// Of distances in the reply.
    package var unit: LengthUnit
    package var order: DistanceOrder?
    package var count: Int?
    /// Any `count` of those inside will do.
    package var isAny = false
    package var withDistance = false
    package var withHash = false
    package var withPosition = false

    static func parse(
        _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) -> ViewSearch {
        var reader = ViewSearchReader(name: name, arguments: arguments)
        return try reader.search()
    }
}

private struct ViewSearchReader {
    let name: CommandName
    let arguments: Arguments
    private var at = 2
    private var centre: ViewSearch.Centre?
    private var extent: SphereShape.Extent?
    private var isStoring = false
    /// Its centre, extent and unit are taken from above.
    private var options = ViewSearch(
        centre: .memberArgument(0), extent: .circle(radiusM: 0), unit: .metres)

    init(name: CommandName, arguments: Arguments) {
        self.name = name
        self.arguments = arguments
    }

    mutating func search() throws(CommandError) -> ViewSearch {
        switch name {
        case .geoRadius, .geoRadiusReadOnly:
            try readPosition()
            try readRadius()
        case .geoRadiusByMember, .geoRadiusByMemberReadOnly:
            readMember()
            try readRadius()
        default: break
        }
        while at < arguments.count { try readOption() }
        if isStoring { throw .view(.readOnly) }
        guard let centre else { throw .view(.noCentre(command: arguments.shown(0))) }
        guard let extent else { throw .view(.noShape(command: arguments.shown(0))) }
        if options.isAny && options.count == nil { throw .view(.anyWithoutCount) }
        options.centre = centre
        options.extent = extent
        return options
    }

    private mutating func readOption() throws(CommandError) {
        if takes("WITHDIST") {
            options.withDistance = true
        } else if takes("WITHHASH") {
            options.withHash = true
        } else if takes("WITHCOORD") {
            options.withPosition = true
        } else if takes("ANY") {
            options.isAny = true
        } else if takes("ASC") {
            options.order = .ascending
        } else if takes("DESC") {
            options.order = .descending
        } else if takes("COUNT", 1) {
            try readCount()
        } else if name == .geoSearch {
            try readShape()
        } else if name == .geoRadius || name == .geoRadiusByMember,
            takes("STORE", 1) || takes("STOREDIST", 1)
        {
            isStoring = true
            at += 1
        } else {
            throw .syntax
        }
    }

    private mutating func readShape() throws(CommandError) {
        var (mayBeMember, mayBePosition) = (true, true)
        switch centre {
        case .position?: mayBeMember = false
        case .memberArgument?: mayBePosition = false
        case nil: break
        }
        var (mayBeCircle, mayBeBox) = (true, true)
        switch extent {
        case .circle?: mayBeBox = false
        case .rectangle?: mayBeCircle = false
        case nil: break
        }
        if mayBeMember && takes("FROMMEMBER", 1) {
            readMember()
        } else if mayBePosition && takes("FROMLONLAT", 2) {
            try readPosition()
        } else if mayBeCircle && takes("BYRADIUS", 2) {
            try readRadius()
        } else if mayBeBox && takes("BYBOX", 3) {
            try readBox()
        } else {
            throw .syntax
        }
    }

    /// Steps over the word if it stands here with `values` behind it.
    private mutating func takes(_ word: StaticString, _ values: Int = 0) -> Bool {
        guard at + values < arguments.count, arguments.isWord(at, word) else { return false }
        at += 1
        return true
    }

    private mutating func readMember() {
        centre = .memberArgument(at)
        at += 1
    }

    private mutating func readPosition() throws(CommandError) {
        guard let lon = number(at), let lat = number(at + 1) else { throw .view(.notFloat) }
        guard lat.magnitude <= 90 else { throw .area(.latitude(arguments.shown(at + 1))) }
        guard lon.magnitude <= 180 else {
            throw .view(.pair("\(Self.shown(lon)),\(Self.shown(lat))"))
        }
        centre = .position(lat: lat, lon: lon)
        at += 2
    }

    private mutating func readRadius() throws(CommandError) {
        let radius = try length("radius", at)
        guard radius >= 0 else { throw .view(.negativeRadius) }
        options.unit = try LengthUnit.parse(arguments, at + 1)
        extent = .circle(radiusM: radius * options.unit.metres)
        at += 2
    }

    private mutating func readBox() throws(CommandError) {
        let (width, height) = (try length("width", at), try length("height", at + 1))
        guard width >= 0, height >= 0 else { throw .view(.negativeBox) }
        options.unit = try LengthUnit.parse(arguments, at + 2)
        extent = .rectangle(
            widthM: width * options.unit.metres, heightM: height * options.unit.metres)
        at += 3
    }

    private mutating func readCount() throws(CommandError) {
        // Redis takes no sign and no zeros in front.
        guard let value = Decimal.integer(arguments[at]), let count = Int(exactly: value),
            arguments[at].elementsEqual(String(value).utf8)
        else { throw .view(.notInteger) }
        guard count > 0 else { throw .view(.countNotPositive) }
        options.count = count
        at += 1
    }

    private func length(_ what: String, _ index: Int) throws(CommandError) -> Double {
        guard let value = number(index) else { throw .view(.notNumeric(what: what)) }
        return value
    }

    /// As C reads numbers, which Redis does: also hexadecimal ones and `inf`, but no `nan`.
    private func number(_ index: Int) -> Double? {
        let text = arguments[index]
        guard let value = Double(String(decoding: text, as: UTF8.self)), !value.isNaN else {
            return nil
        }
        let isTooLarge = value.isInfinite && text.contains { $0 &- 48 < 10 }
        return isTooLarge ? nil : value
    }

    /// Six decimals, as C prints a number.
    private static func shown(_ degrees: Double) -> String {
        guard degrees.magnitude < 1e12 else { return "\(degrees)" }
        var text: [UInt8] = []
        Decimal.append(
            Int64((degrees * 1e6).rounded(.toNearestOrEven)), decimals: 6, trimmed: false,
            to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
