/// Settings as they were given: which option, what text, where. The command line counts more than the
/// file, whatever stands there.
package struct GivenSettings: Sendable {
    package struct Entry: Sendable, Equatable {
        package var name: String
        package var text: String
        package var place: SettingsPlace
    }

    package private(set) var entries: [Entry] = []
    package private(set) var problems: [SettingsProblem] = []
    package private(set) var settings = ServerSettings()

    /// Reads arguments, and the file that `--config` names.
    package init(_ arguments: [String]) {
        var commandLine = ArgumentReader(arguments)
        commandLine.read()
        problems = commandLine.problems
        for entry in commandLine.entries where entry.name == "config" { take(entry) }
        if let path = settings.config {
            do {
                var file = SettingsFile(path: path, text: try SettingsFile.load(path))
                file.read()
                problems += file.problems
                for entry in file.entries {
                    let isOverruled = commandLine.entries.contains { $0.name == entry.name }
                    // What is overruled is checked too: it will count some day.
                    if isOverruled { check(entry) } else { take(entry) }
                }
            } catch {
                problems.append(error)
            }
        }
        for entry in commandLine.entries where entry.name != "config" { take(entry) }
    }

    /// Of entries that are good.
    init(_ good: [Entry]) { for entry in good { take(entry) } }

    /// Where an option was given that has its value from there; nil: nowhere.
    package func place(of name: String) -> SettingsPlace? {
        entries.last { $0.name == name }?.place
    }

    /// What was given of an option, in order.
    package func texts(of name: String) -> [String] {
        entries.filter { $0.name == name }.map(\.text)
    }

    private mutating func take(_ entry: Entry) {
        if let problem = Self.read(entry, into: &settings) {
            problems.append(problem)
        } else {
            entries.append(entry)
        }
    }

    private mutating func check(_ entry: Entry) {
        var nowhere = ServerSettings()
        if let problem = Self.read(entry, into: &nowhere) { problems.append(problem) }
    }

    /// What is wrong with it; nil: it is in the settings.
    private static func read(
        _ entry: Entry, into settings: inout ServerSettings
    ) -> SettingsProblem? {
        guard let option = OptionTable.find(entry.name),
            let expected = option.read(&settings, entry.text)
        else { return nil }
        let setting = entry.place.setting(option, entry.text)
        return SettingsProblem(place: entry.place, what: "\(setting): \(expected)")
    }
}
