/// One option of tachod: how it is named and read, what it is for, and whether it can change while the
/// server runs. Arguments, the file of settings, `--help`, the sample file and a reload all follow
/// from these, so a new option is one more of them (in `OptionTable`) and nothing else.
package struct ServerOption: Sendable {
    package enum Kind: Sendable, Equatable {
        /// `--name VALUE`, `name = VALUE`. `value`: what stands for it in help.
        case value(String, isRepeatable: Bool = false)
        /// `--name`, or `--no-name` where it is on without; `name = yes|no`.
        case flag(isOnByDefault: Bool)
        /// `--name` on the command line only: something else is done instead of serving.
        case action
    }

    /// What SIGHUP does where the file says something new.
    package enum Reload: Sendable, Equatable {
        /// It is in force at once.
        case applied
        /// The file it names is read again; another name needs a restart.
        case readAgain
        case restart
    }

    /// Without dashes.
    package let name: String
    package let kind: Kind
    /// A sentence.
    package let help: String
    /// Further ones: the default, what else is to be known.
    package let note: String?
    /// What a file could say.
    package let example: String
    package let reload: Reload
    /// Only on the command line: no place for it is a file that is read at each start.
    package let isForOneStart: Bool
    /// Takes a value; what is expected instead, or nil if it is good.
    let read: @Sendable (inout ServerSettings, String) -> String?

    init(
        _ name: String, _ kind: Kind, _ help: String, note: String? = nil, example: String = "",
        reload: Reload = .restart, isForOneStart: Bool = false,
        _ read: @escaping @Sendable (inout ServerSettings, String) -> String?
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.note = note
        self.example = example
        self.reload = reload
        self.isForOneStart = isForOneStart
        self.read = read
    }

    /// As it is written on the command line to change what is without it.
    package var argument: String {
        kind == .flag(isOnByDefault: true) ? "--no-\(name)" : "--\(name)"
    }

    package var isRepeatable: Bool {
        if case .value(_, isRepeatable: true) = kind { true } else { false }
    }

    package var takesValue: Bool {
        if case .value = kind { true } else { false }
    }
}

// MARK: - Ways to read a value

extension ServerOption {
    typealias Reader = @Sendable (inout ServerSettings, String) -> String?

    static func path(
        _ what: String, _ set: @escaping @Sendable (inout ServerSettings, String) -> Void
    ) -> Reader {
        { settings, text in
            if text.isEmpty { return "\(what) expected" }
            set(&settings, text)
            return nil
        }
    }

    static func integer<T: FixedWidthInteger & Sendable>(
        _ range: ClosedRange<T>, _ set: @escaping @Sendable (inout ServerSettings, T) -> Void
    ) -> Reader {
        { settings, text in
            guard let number = T(text), range.contains(number) else {
                return range.upperBound == T.max
                    ? "a whole number of at least \(range.lowerBound) expected"
                    : "\(range.lowerBound) to \(range.upperBound) expected"
            }
            set(&settings, number)
            return nil
        }
    }

    static func number(
        _ range: ClosedRange<Double>,
        _ set: @escaping @Sendable (inout ServerSettings, Double) -> Void
    ) -> Reader {
        { settings, text in
            guard let number = Double(text), range.contains(number) else {
                return "\(Int(range.lowerBound)) to \(Int(range.upperBound)) expected"
            }
            set(&settings, number)
            return nil
        }
    }

    /// `4096`, `500M`, `5G`. K, M, G and T count by 1,024.
    static func bytes(
        _ set: @escaping @Sendable (inout ServerSettings, UInt64) -> Void
    ) -> Reader {
        { settings, text in
            guard let size = byteCount(text) else {
                return "a number of bytes expected, as 4096, 500M or 5G"
            }
            set(&settings, size)
            return nil
        }
    }

    static func choice<T: RawRepresentable & CaseIterable & Sendable>(
        _ type: T.Type, _ set: @escaping @Sendable (inout ServerSettings, T) -> Void
    ) -> Reader where T.RawValue == String {
        { settings, text in
            guard let value = T(rawValue: text) else {
                return "one of " + T.allCases.map(\.rawValue).joined(separator: ", ") + " expected"
            }
            set(&settings, value)
            return nil
        }
    }

    static func flag(
        _ set: @escaping @Sendable (inout ServerSettings, Bool) -> Void
    ) -> Reader {
        { settings, text in
            guard text == "yes" || text == "no" else { return "yes or no expected" }
            set(&settings, text == "yes")
            return nil
        }
    }

    /// Sequence numbers `FROM-TO`, both included.
    static func sequences(
        _ set: @escaping @Sendable (inout ServerSettings, ClosedRange<UInt64>) -> Void
    ) -> Reader {
        { settings, text in
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let from = UInt64(parts[0]), let to = UInt64(parts[1]),
                from <= to
            else { return "FROM-TO expected, as exit code 3 named it" }
            set(&settings, from...to)
            return nil
        }
    }

    /// nil: no number of bytes.
    package static func byteCount(_ text: String) -> UInt64? {
        var digits = Substring(text)
        var factor: UInt64 = 1
        if let unit = digits.last, !unit.isNumber {
            switch unit {
            case "K", "k": factor = 1 << 10
            case "M", "m": factor = 1 << 20
            case "G", "g": factor = 1 << 30
            case "T", "t": factor = 1 << 40
            default: return nil
            }
            digits.removeLast()
        }
        guard let count = UInt64(digits) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }
}
