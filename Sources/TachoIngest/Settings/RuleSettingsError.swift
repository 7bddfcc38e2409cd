/// Why a rule set is not taken. The one in force stays as it is.
package enum RuleSettingsError: Error, Equatable, Sendable {
    case unknownName(String)
    case unknownCode(String)
    case givenTwice(String)
    case notANumber(name: String, text: String, allowed: String)
    case outOfRange(name: String, text: String, allowed: String)
    case notASwitch(code: String, text: String)
    case notSwitchable(String)
    case oldRevision(UInt64, inForce: UInt64)
    case noRevisionLeft
    case otherRuleSet(UInt16)
    /// The JSON text is none, or has something else where a number or name is expected.
    case invalidJSON(String)

    /// One line that names the field and what is allowed.
    package var message: String {
        switch self {
        case .unknownName(let name):
            "no rule or threshold '\(Self.shown(name))': T.RULES GET lists thresholds, "
                + "codes take on or off"
        case .unknownCode(let name):
            "off: no code '\(Self.shown(name))' is built; codes with commas expected, - for none"
        case .givenTwice(let name): "\(Self.shown(name)) is given twice"
        case .notANumber(let name, let text, let allowed):
            "\(name) '\(Self.shown(text))' is not a number that can be set: \(allowed) expected"
        case .outOfRange(let name, let text, let allowed):
            "\(name) \(Self.shown(text)) is out of range: \(allowed) expected"
        case .notASwitch(let code, let text):
            "\(code) '\(Self.shown(text))': on or off expected"
        case .notSwitchable(let code):
            "\(code) cannot be switched off, only its thresholds changed"
        case .oldRevision(let revision, let inForce):
            "revision \(revision) is not newer than \(inForce), the one in force: "
                + "look at it with T.RULES GET, then set \(inForce + 1)"
        case .noRevisionLeft: "no revision is left after \(RuleSettings.maxRevision)"
        case .otherRuleSet(let version):
            "rule_set \(version) is \(version < RuleSet.version ? "older" : "newer") than "
                + "\(RuleSet.version), the one of this program"
        case .invalidJSON(let what): "the rule set is no JSON that is understood: \(what)"
        }
    }

    /// A text of others, on one line and not too long.
    private static func shown(_ text: String) -> String {
        let cut = String(text.prefix(64).map { $0.isNewline ? " " : $0 })
        return text.count > 64 ? cut + "..." : cut
    }
}
