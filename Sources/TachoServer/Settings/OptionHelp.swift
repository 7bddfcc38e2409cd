/// What `--help` and `--sample-config` print, from the table of options.
package enum OptionHelp {
    private static let width = 78
    private static let column = 26

    package static func help(examples: String) -> String {
        var text =
            "OVERVIEW: The Tacho server: keeps and judges the position stream of a fleet.\n\n"
        text += paragraph(
            "Prints \"ready resp=HOST:PORT http=HOST:PORT\" on standard output when it accepts clients. "
                + "SIGTERM or Ctrl-C stops it cleanly. SIGHUP reads the file of settings, users and "
                + "certificates again; where there is none of them, it stops too.", indent: 0)
        text += "\n" + examples + "\nUSAGE: tachod --data <dir> [OPTIONS]\n"
        for section in OptionTable.sections {
            text += "\n\(section.title.uppercased()):\n"
            for option in section.options { text += entry(option) }
        }
        text += "\nOTHER:\n"
        for option in OptionTable.all where option.kind == .action { text += entry(option) }
        return text
    }

    private static func entry(_ option: ServerOption) -> String {
        var left = "  " + option.argument
        if case .value(let value, _) = option.kind { left += " <\(value)>" }
        if option.kind == .flag(isOnByDefault: true) { left = "  --[no-]\(option.name)" }
        if option.name == "help" { left = "  -h, --help" }
        var words = option.help + (option.note.map { " " + $0 } ?? "")
        if option.kind == .flag(isOnByDefault: true) { words += " Default: yes." }
        let right = paragraph(words, indent: column)
        if left.count >= column { return left + "\n" + right }
        return left + right.dropFirst(left.count)
    }

    private static func paragraph(_ words: String, indent: Int, prefix: String = "") -> String {
        let margin = prefix + String(repeating: " ", count: indent)
        var (text, line) = ("", margin)
        for word in words.split(separator: " ") {
            if line.count > margin.count, line.count + 1 + word.count > width {
                text += line + "\n"
                line = margin
            }
            line += (line.count > margin.count ? " " : "") + word
        }
        return text + line + "\n"
    }

    // MARK: - The sample file

    /// Every option with its explanation, and none in force but those of an installed server.
    package static let sample: String = {
        var text = """
            # Settings of tachod: tachod --config FILE. A line each, NAME = VALUE; yes or no where nothing else
            # is said; # at the begin of a line makes it a comment. Options of the command line count more.
            # tachod --check-config --config FILE tells of every mistake, with its line.
            #
            # After a change: systemctl reload tachod (or SIGHUP). Where it says "reload", the new value is in
            # force then; where it says "restart", after the next start, and the log says so.

            """
        for section in OptionTable.sections {
            let options = section.options.filter { !$0.isForOneStart }
            if options.isEmpty { continue }
            let title = "# ---- \(section.title) "
            text += "\n" + title + String(repeating: "-", count: width - title.count) + "\n"
            for option in options { text += sample(of: option) }
        }
        return text
    }()

    /// In force in the file that is installed: without them nothing starts.
    private static let inForce = ["data"]

    private static func sample(of option: ServerOption) -> String {
        var words = option.help + (option.note.map { " " + $0 } ?? "")
        switch option.kind {
        case .flag(isOnByDefault: true): words += " Default: yes."
        case .flag(isOnByDefault: false): words += " Default: no."
        default: break
        }
        if option.isRepeatable { words += " Several lines: several values." }
        switch option.reload {
        case .applied: words += " [reload]"
        case .readAgain: words += " [reload reads the file again; another name: restart]"
        case .restart: words += " [restart]"
        }
        let mark = inForce.contains(option.name) ? "" : "#"
        return "\n" + paragraph(words, indent: 1, prefix: "#")
            + "\(mark)\(option.name) = \(option.example)\n"
    }
}
