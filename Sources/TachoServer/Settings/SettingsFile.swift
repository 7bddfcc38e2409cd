#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file of settings: `name = value`, the names of the options of the command line without dashes,
/// those that may be given several times on several lines, `yes` or `no` for flags; `#` at a line's
/// begin is a comment.
struct SettingsFile {
    let path: String
    private let text: String
    private(set) var entries: [GivenSettings.Entry] = []
    private(set) var problems: [SettingsProblem] = []

    static let maxBytes = 1 << 20

    init(path: String, text: String) {
        self.path = path
        self.text = text
    }

    mutating func read() {
        // CR LF is one character of a String.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            read(trim(line), SettingsPlace.line(path: path, number: index + 1))
        }
    }

    private func trim(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }

    /// All that is told of what is no setting: behind its first word may be a password.
    private func shown(_ text: some StringProtocol) -> String {
        let word = text.prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        return word.endIndex == text.endIndex ? String(word) : word + " …"
    }

    private mutating func read(_ line: Substring, _ place: SettingsPlace) {
        guard let first = line.first, first != "#" else { return }
        let names = OptionTable.all.filter { $0.kind != .action && !$0.isForOneStart }.map(\.name)
        guard let equals = line.firstIndex(of: "=") else {
            let name = String(line.prefix { $0 != " " && $0 != "\t" })
            return fail(
                "\(shown(line)): NAME = VALUE expected, as in "
                    + (names.contains(name) ? "\(name) = …" : "workers = 2"), place)
        }
        let name = String(trim(line[..<equals]))
        let value = String(trim(line[line.index(after: equals)...]))
        guard let option = OptionTable.find(name) else {
            let advice =
                name.hasPrefix("--")
                ? ", names have no dashes in front" : Spelling.advice(name, names)
            return fail("\(shown(name)): no such setting" + advice, place)
        }
        guard names.contains(name) else {
            return fail("\(name): only on the command line, take it out of the file", place)
        }
        guard !value.isEmpty else {
            return fail("\(name) =: a value expected, or # in front of the line", place)
        }
        if !option.isRepeatable,
            let earlier = entries.first(where: { $0.name == name }),
            case .line(_, let number) = earlier.place
        {
            return fail(
                "\(name) is in line \(number) already, which counts: take one of them out", place)
        }
        entries.append(GivenSettings.Entry(name: name, text: value, place: place))
    }

    private mutating func fail(_ what: String, _ place: SettingsPlace) {
        problems.append(SettingsProblem(place: place, what: what))
    }

    static func load(_ path: String) throws(SettingsProblem) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw problem(path, "cannot be read: \(reason); tachod --sample-config prints one")
        }
        defer { close(file) }
        var info = stat()
        guard fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw problem(path, "no file; name one with NAME = VALUE lines")
        }
        guard info.st_size <= maxBytes else {
            throw problem(path, "\(info.st_size) bytes, at most \(maxBytes) expected")
        }
        // Who can write it says where data goes, and who is a user.
        guard info.st_mode & 0o002 == 0 else {
            throw problem(path, "everybody may write it: chmod o-w \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: Int(info.st_size) + 1)
        var count = 0
        while count < bytes.count {
            let done = bytes[count...].withUnsafeMutableBytes {
                Self.read(file, $0.baseAddress!, $0.count)
            }
            if done < 0 && errno == EINTR { continue }
            guard done >= 0 else {
                throw problem(path, "cannot be read: \(String(cString: strerror(errno)))")
            }
            if done == 0 { break }
            count += done
        }
        guard count <= Int(info.st_size),
            let text = String(validating: bytes[..<count], as: UTF8.self),
            !text.utf8.contains(0)
        else { throw problem(path, "is no UTF-8 text, or was written meanwhile: try again") }
        return text
    }

    private static func problem(_ path: String, _ what: String) -> SettingsProblem {
        SettingsProblem(place: .file(path), what: what)
    }

    private static func read(_ file: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, bytes, count)
        #else
            Darwin.read(file, bytes, count)
        #endif
    }
}
