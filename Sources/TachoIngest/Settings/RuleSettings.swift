package import TachoGeo

/// A rule set as an operator chose it: the thresholds, the codes that are off, and which revision of
/// them this is. Revision 1 is the program's own, as long as nobody has set another.
package struct RuleSettings: Hashable, Sendable {
    package var revision: UInt64
    package var thresholds: Thresholds

    package init(revision: UInt64 = 1, thresholds: Thresholds = Thresholds()) {
        self.revision = revision
        self.thresholds = thresholds
    }

    /// Revisions a JSON reader takes exactly.
    package static let maxRevision: UInt64 = 1 << 53

    /// Codes that are off, in number order.
    package var offCodes: [Code] { Code.allCases.filter { thresholds.off & $0.bit != 0 } }
}

extension RuleSet {
    /// Codes that may be switched off: those of rules that stand alone. What the chain decides, and
    /// clocks that would pin `latest`, cannot; their thresholds can be changed.
    package static var switchable: UInt64 {
        deliveryOrderCodes | acrossCodes | Code.invalid.bit | Code.mockFlag.bit
            | Code.lowAccuracy.bit
    }
}

/// Changes of a rule set, as they were asked for: names and values in text, none of them checked.
///
/// A name is that of a threshold (its value a number, or `default`), of a code (`on` or `off`), `off`
/// (all codes that are off, with commas; `-` for none), `revision` or `rule_set`.
package struct RuleChange: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        package var name: String
        package var value: String
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var items: [Item]

    package init(_ items: [Item] = []) { self.items = items }

    /// All changes together, or none: the set that is to follow `current`.
    package func applied(
        to current: RuleSettings
    ) throws(RuleSettingsError) -> RuleSettings {
        var next = current
        var revision: UInt64?
        var seen: Set<String> = []
        for item in items {
            let name = item.name.lowercased()
            guard seen.insert(name).inserted else { throw .givenTwice(item.name) }
            switch name {
            case "revision": revision = try Self.revision(item.value)
            case "rule_set": try Self.checkRuleSet(item.value)
            case "off": next.thresholds.off = try Self.codes(item.value)
            default: try Self.apply(item, name, to: &next.thresholds)
            }
        }
        if let revision {
            guard revision > current.revision else {
                throw .oldRevision(revision, inForce: current.revision)
            }
            next.revision = revision
        } else {
            guard current.revision < RuleSettings.maxRevision else { throw .noRevisionLeft }
            next.revision = current.revision + 1
        }
        return next
    }

    private static func apply(
        _ item: Item, _ name: String, to limits: inout Thresholds
    ) throws(RuleSettingsError) {
        if let row = ThresholdTable.row(name) {
            let isStandard = item.value.lowercased() == "default"
            try row.set(isStandard ? row.text(Thresholds()) : item.value, in: &limits)
            return
        }
        guard let code = code(item.name) else { throw .unknownName(item.name) }
        switch item.value.lowercased() {
        case "on": limits.off &= ~code.bit
        case "off":
            try checkSwitchable(code)
            limits.off |= code.bit
        default: throw .notASwitch(code: code.name, text: item.value)
        }
    }

    private static func code(_ name: String) -> Code? {
        let capitals = name.uppercased()
        return Code.allCases.first { $0.name == capitals }
    }

    private static func checkSwitchable(_ code: Code) throws(RuleSettingsError) {
        guard RuleSet.switchable & code.bit != 0 else { throw .notSwitchable(code.name) }
    }

    private static func codes(_ text: String) throws(RuleSettingsError) -> UInt64 {
        if text == "-" { return 0 }
        var off: UInt64 = 0
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let code = code(String(name)) else { throw .unknownCode(String(name)) }
            try checkSwitchable(code)
            off |= code.bit
        }
        return off
    }

    private static func revision(_ text: String) throws(RuleSettingsError) -> UInt64 {
        guard let value = UInt64(text), value >= 1, value <= RuleSettings.maxRevision else {
            throw .notANumber(
                name: "revision", text: text,
                allowed: "a whole number, 1 to \(RuleSettings.maxRevision)")
        }
        return value
    }

    private static func checkRuleSet(_ text: String) throws(RuleSettingsError) {
        guard let version = UInt16(text) else {
            throw .notANumber(name: "rule_set", text: text, allowed: "\(RuleSet.version)")
        }
        guard version == RuleSet.version else { throw .otherRuleSet(version) }
    }
}
