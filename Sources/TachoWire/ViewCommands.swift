package import TachoGeo

/// What a key stands for: `live` is where all riders are now, as a sorted set of places.
package enum ViewKey: Equatable, Sendable {
    case live
    case stream(StreamName)
    /// As a key of Redis that does not exist.
    case missing

    package init(_ text: UnsafeRawBufferPointer) {
        if text.elementsEqual("live".utf8) {
            self = .live
        } else {
            let stream = StreamName(text)
            self = stream == .other ? .missing : .stream(stream)
        }
    }
}

/// A command of Redis on the sorted set `live`. The key is argument 1; members, which are riders, stay
/// in the arguments behind it.
package enum ViewCommand: Equatable, Sendable {
    /// GEOPOS.
    case positions
    /// GEOHASH.
    case hashes
    /// GEODIST.
    case distance(LengthUnit)
    case search(ViewSearch)
    /// ZSCORE.
    case score
    /// ZCARD.
    case count
    /// EXISTS: all arguments are keys.
    case exists
    /// TYPE.
    case type

    static func parse(
        _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) -> ViewCommand {
        switch name {
        case .geoPositions: return .positions
        case .geoHashes: return .hashes
        case .geoDistance:
            guard arguments.count <= 5 else { throw .syntax }
            return .distance(
                arguments.count == 5 ? try LengthUnit.parse(arguments, 4) : .metres)
        case .memberScore: return .score
        case .memberCount: return .count
        case .exists: return .exists
        case .type: return .type
        case .geoAdd, .geoSearchStore: throw .view(.readOnly)
        default: return .search(try ViewSearch.parse(name, arguments))
        }
    }
}

/// A unit of length of Redis's.
package enum LengthUnit: Equatable, Sendable {
    case metres
    case kilometres
    case feet
    case miles

    package var metres: Double {
        switch self {
        case .metres: 1
        case .kilometres: 1_000
        case .feet: 0.3048
        // As Redis has it; 1,609.344 would be exact.
        case .miles: 1_609.34
        }
    }

    static func parse(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> LengthUnit {
        if arguments.isWord(index, "M") { return .metres }
        if arguments.isWord(index, "KM") { return .kilometres }
        if arguments.isWord(index, "FT") { return .feet }
        if arguments.isWord(index, "MI") { return .miles }
        throw .view(.unit)
    }
}
