/// Reads `--name VALUE`, `--name=VALUE`, `--flag` and `--no-flag`. Of an option that is given twice the
/// last counts.
struct ArgumentReader {
    private let arguments: [String]
    private(set) var entries: [GivenSettings.Entry] = []
    private(set) var problems: [SettingsProblem] = []

    init(_ arguments: [String]) { self.arguments = arguments }

    mutating func read() {
        var index = 0
        while index < arguments.count {
            index += read(arguments[index], next: index + 1)
        }
    }

    /// How many arguments were used.
    private mutating func read(_ argument: String, next: Int) -> Int {
        if argument == "-h" {
            add("help", "yes")
            return 1
        }
        guard argument.hasPrefix("--"), argument.count > 2 else {
            fail("\(argument): no option; each begins with --")
            return 1
        }
        let parts = argument.dropFirst(2).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let (word, given) = (String(parts[0]), parts.count == 2 ? String(parts[1]) : nil)
        guard let (option, isOn) = find(word) else {
            fail("--\(word): no such option" + Spelling.advice(word, Self.words, prefix: "--"))
            return 1
        }
        guard option.takesValue else {
            if given != nil { fail("--\(word) takes no value") } else { add(option, isOn) }
            return 1
        }
        if let given {
            add(option.name, given)
            return 1
        }
        guard next < arguments.count, !isOption(arguments[next]) else {
            fail("--\(word): a value is missing after it")
            return 1
        }
        add(option.name, arguments[next])
        return 2
    }

    private func isOption(_ argument: String) -> Bool {
        guard argument.hasPrefix("--") else { return false }
        return find(String(argument.dropFirst(2).prefix { $0 != "=" })) != nil
    }

    private func find(_ word: String) -> (option: ServerOption, isOn: Bool)? {
        if let option = OptionTable.find(word) { return (option, true) }
        guard word.hasPrefix("no-"), let option = OptionTable.find(word.dropFirst(3)),
            option.kind == .flag(isOnByDefault: true)
        else { return nil }
        return (option, false)
    }

    private static let words = OptionTable.all.flatMap { option in
        option.kind == .flag(isOnByDefault: true)
            ? [option.name, "no-" + option.name] : [option.name]
    }

    private mutating func add(_ option: ServerOption, _ isOn: Bool) {
        add(option.name, isOn ? "yes" : "no")
    }

    private mutating func add(_ name: String, _ text: String) {
        if OptionTable.find(name)?.isRepeatable == false { entries.removeAll { $0.name == name } }
        entries.append(GivenSettings.Entry(name: name, text: text, place: .commandLine))
    }

    private mutating func fail(_ what: String) {
        problems.append(SettingsProblem(place: .commandLine, what: what))
    }
}

/// Which word was meant.
package enum Spelling {
    /// `; --workers is one`, if a word is near enough; otherwise nothing.
    package static func advice(_ word: String, _ words: [String], prefix: String = "") -> String {
        let near = words.map { ($0, distance(word, $0)) }.min { $0.1 < $1.1 }
        guard let near, near.1 <= max(1, word.count / 3) else { return "" }
        return ", did you mean \(prefix)\(near.0)?"
    }

    /// How many letters differ, are missing or are too many (Levenshtein).
    package static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8.prefix(64)), Array(other.utf8.prefix(64)))
        var row = Array(0...other.count)
        for i in 0..<one.count {
            var diagonal = row[0]
            row[0] = i + 1
            for j in 0..<other.count {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (one[i] == other[j] ? 0 : 1))
                diagonal = above
            }
        }
        return row[other.count]
    }
}
