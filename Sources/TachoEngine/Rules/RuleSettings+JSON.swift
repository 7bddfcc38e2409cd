import TachoCodec
import TachoGeo
package import TachoIngest

extension RuleSettings {
    /// What `T.RULES GET` answers: one JSON object on one line. `isStored` false: nobody has set
    /// rules, these are the program's own.
    package func json(isStored: Bool) -> String {
        let numbers = ThresholdTable.rows.map { "\"\($0.name)\":\($0.text(thresholds))" }
        let off = offCodes.map { "\"\($0.name)\"" }
        return "{\"revision\":\(revision),\"rule_set\":\(RuleSet.version)"
            + ",\"hash\":\"\(hashText)\",\"stored\":\(isStored)"
            + ",\"off\":[\(off.joined(separator: ","))]"
            + ",\"thresholds\":{\(numbers.joined(separator: ","))}}"
    }

    /// The same as names and values.
    package func pairs(isStored: Bool) -> [(name: String, value: String)] {
        let off = offCodes.map(\.name).joined(separator: ",")
        let head = [
            ("revision", String(revision)), ("rule_set", String(RuleSet.version)),
            ("hash", hashText), ("stored", String(isStored)), ("off", off.isEmpty ? "-" : off),
        ]
        return (head + ThresholdTable.rows.map { ($0.name, $0.text(thresholds)) })
            .map { (name: $0.0, value: $0.1) }
    }

    /// Of the thresholds, as groups of the journal carry it.
    package var hashText: String { Thresholds.text(thresholds.hash64) }
}

extension RuleChange {
    /// Reads words as `T.RULES SET` takes them: one JSON object, then names and values in turn.
    package init(words: [String]) throws(RuleSettingsError) {
        var rest = words[...]
        self.init()
        if let first = rest.first, first.drop(while: \.isWhitespace).first == "{" {
            items = try Self.items(json: first)
            rest = rest.dropFirst()
        }
        guard rest.count % 2 == 0 else {
            throw .invalidJSON("a value for each name, or one JSON object, expected")
        }
        while let name = rest.popFirst(), let value = rest.popFirst() {
            items.append(Item(name, value))
        }
        guard !items.isEmpty else { throw .invalidJSON("nothing is to be set") }
    }

    /// Keys of what `T.RULES GET` gives that say nothing about what is to be set.
    private static let told: Set<String> = ["hash", "stored"]

    private static func items(json: String) throws(RuleSettingsError) -> [Item] {
        let value: JSONValue
        do {
            value = try JSONValue.read(Array(json.utf8))
        } catch {
            throw .invalidJSON(error.message)
        }
        var items: [Item] = []
        for member in value.members ?? [] where !told.contains(member.key) {
            if member.key == "thresholds" {
                guard let numbers = member.value.members else {
                    throw .invalidJSON("thresholds: an object of names and numbers expected")
                }
                for number in numbers {
                    items.append(Item(number.key, try text(number.key, number.value)))
                }
            } else {
                items.append(Item(member.key, try text(member.key, member.value)))
            }
        }
        return items
    }

    private static func text(
        _ key: String, _ value: JSONValue
    ) throws(RuleSettingsError) -> String {
        switch value {
        case .null: return "default"
        case .bool(let isOn): return isOn ? "on" : "off"
        case .number(let text), .string(let text): return text
        case .array(let elements) where key == "off":
            let names = elements.compactMap(\.text)
            guard names.count == elements.count else {
                throw .invalidJSON("off: an array of codes expected")
            }
            return names.isEmpty ? "-" : names.joined(separator: ",")
        case .array, .object:
            throw .invalidJSON("\(key): a number or a word expected")
        }
    }
}
