/// What is wrong with a command on a view, in Redis's words where it has some.
package enum ViewError: Error, Hashable, Sendable {
    case unit
    /// A length that is no number.
    case notNumeric(what: String)
    case negativeRadius
    case negativeBox
    case notFloat
    case notInteger
    case countNotPositive
    case anyWithoutCount
    /// The command as it was written.
    case noCentre(command: String)
    case noShape(command: String)
    /// A longitude beyond 180°.
    case pair(String)
    /// The rider whose surroundings are asked for is nowhere.
    case unknownMember
    /// The key is a stream.
    case wrongType
    case readOnly

    /// One line for the client, without the leading `-`.
    package var message: String {
        switch self {
        case .unit: "ERR unsupported unit provided. please use M, KM, FT, MI"
        case .notNumeric(let what): "ERR need numeric \(what)"
        case .negativeRadius: "ERR radius cannot be negative"
        case .negativeBox: "ERR height or width cannot be negative"
        case .notFloat: "ERR value is not a valid float"
        case .notInteger: "ERR value is not an integer or out of range"
        case .countNotPositive: "ERR COUNT must be > 0"
        case .anyWithoutCount: "ERR the ANY argument requires COUNT argument"
        case .noCentre(let command):
            "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for \(command)"
        case .noShape(let command):
            "ERR exactly one of BYRADIUS and BYBOX can be specified for \(command)"
        case .pair(let text): "ERR invalid longitude,latitude pair \(text)"
        case .unknownMember: "ERR could not decode requested zset member"
        case .wrongType: "WRONGTYPE Operation against a key holding the wrong kind of value"
        case .readOnly:
            "ERR this view is read-only, report positions with T.ADD rider ts lat lon"
        }
    }
}
