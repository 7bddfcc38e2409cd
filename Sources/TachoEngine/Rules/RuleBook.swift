package import TachoIngest

/// The rule set of a directory.
package struct RuleBook: Hashable, Sendable {
    package var settings: RuleSettings
    /// Somebody set it; otherwise it is the program's own.
    package var isStored: Bool
}

/// Rule sets of an engine in use. A set is accepted when its barrier is on its way to the judges, and
/// in force when its group is durable; the next one is compared with the accepted one.
struct RulesInForce: Sendable {
    var accepted: RuleSettings
    var durable: RuleBook

    init(_ book: RuleBook) {
        accepted = book.settings
        durable = book
    }
}

/// Why rules could not be set, tried or applied to history.
package enum RulesError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The set is not one that can be set; the old one stays.
    case invalid(RuleSettingsError)
    /// A rider, cursor or time that is none.
    case refused(String)
    case stopped(String)
    /// Stored bytes do not check out; nothing is made up in their place.
    case damaged(String)

    package var description: String {
        switch self {
        case .invalid(let error): error.message
        case .refused(let what): what
        case .stopped(let reason): "stopped: \(reason)"
        case .damaged(let what): "damaged data: \(what)"
        }
    }
}
