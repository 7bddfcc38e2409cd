/// What is wrong with settings: where, and what to write instead.
package struct SettingsProblem: Error, Sendable, Equatable {
    package let place: SettingsPlace
    /// The setting as it was given, and what is expected.
    package let what: String

    /// One line.
    package var message: String {
        let line = what.split(separator: "\n").joined(separator: " ")
        return switch place {
        case .commandLine: line
        case .line(let path, let number): "\(path), line \(number): \(line)"
        case .file(let path): "\(path): \(line)"
        }
    }

    /// The command line's first, then line by line.
    package static func inOrder(_ problems: [SettingsProblem]) -> [SettingsProblem] {
        problems.enumerated().sorted {
            ($0.element.place.order, $0.offset) < ($1.element.place.order, $1.offset)
        }
        .map(\.element)
    }
}

/// Where a setting comes from.
package enum SettingsPlace: Sendable, Equatable {
    case commandLine
    case line(path: String, number: Int)
    case file(String)

    fileprivate var order: Int {
        switch self {
        case .commandLine: -1
        case .file: 0
        case .line(_, let number): number
        }
    }

    /// How the place writes an option, for messages.
    func name(_ option: ServerOption) -> String {
        self == .commandLine ? "--" + option.name : option.name
    }

    /// A setting as it stands there.
    func setting(_ option: ServerOption, _ text: String) -> String {
        guard self == .commandLine else { return "\(option.name) = \(text)" }
        return option.takesValue ? "--\(option.name) \(text)" : option.argument
    }
}
