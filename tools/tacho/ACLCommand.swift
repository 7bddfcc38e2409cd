import ArgumentParser
import TachoAccess
import TachoClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct ACLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acl",
        abstract: "Users of a server: hashes of passwords, their file, and records of look-ups.",
        discussion: """
            How users are set up: docs/security.md.

            Examples:
              tacho acl hash --user kim --role ops >> users
              tacho acl check users
              tacho acl log --data ./fleet
            """,
        subcommands: [ACLHashCommand.self, ACLCheckCommand.self, ACLLogCommand.self])
}

struct ACLHashCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash",
        abstract: "Read a password and print what the file of users keeps of it.",
        discussion: """
            The password comes from the terminal, without an echo, or is the first line of standard \
            input. With --user a whole line of the file is printed.

            Examples:
              tacho acl hash
              tacho acl hash --user kim --role ops,read --riders seoul-
              head -c 18 /dev/urandom | base64 | tee kim.password | tacho acl hash --user kim
            """)

    @Option(help: "Print a line for this user.")
    var user: String?

    @Option(help: "With --user: what the user is there for.")
    var role = "read"

    @Option(help: ArgumentHelp("With --user: what names of the user's riders begin with."))
    var riders: String?

    func run() throws {
        let password = try PasswordInput.password()
        do {
            let text = try PasswordHash.make(of: password).text
            guard let user else { return print(text) }
            let line =
                "user \(user) role \(role)" + (riders.map { " riders " + $0 } ?? "")
                + " password " + text
            _ = try AccessFile.parse(line, path: "the line")
            print(line)
        } catch {
            throw ToolFailure(ExitStatus.usage, error.message)
        }
    }
}

struct ACLCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read a file of users as tachod would, and show whom it has.",
        discussion: """
            Exit 65 if tachod would not take it.

            Examples:
              tacho acl check /etc/tacho/users
            """)

    @Argument var file: String

    func run() throws {
        do {
            let found = try AccessFile.load(file)
            for user in found.accounts.users { print(user.line) }
            for warning in found.warnings { ACLText.warn(warning) }
        } catch {
            throw ToolFailure(ExitStatus.badData, error.message)
        }
    }
}

struct ACLLogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Verify that no record of a look-up of history was changed, moved or taken out.",
        discussion: """
            Reads DIR/access, also while tachod runs, and prints the chain of the newest record: noted \
            elsewhere, it shows later that the records up to it are still there (--expect). Exit 1 if a \
            record does not follow the one before.

            Examples:
              tacho acl log --data ./fleet
              tacho acl log --data ./fleet --expect 4f1c…
            """)

    @Option(help: ArgumentHelp("The data directory.", valueName: "dir"))
    var data: String

    @Option(help: ArgumentHelp("A chain that was printed before must be among them."))
    var expect: String?

    func run() throws {
        do {
            let report = try AccessLogCheck.verify(data + "/access", expecting: expect)
            if let finding = report.finding { throw ToolFailure(ExitStatus.error, finding) }
            print("\(report.lines) records in \(report.files) files, chain \(report.chain)")
        } catch let failure as AccessFailure {
            throw ToolFailure(ExitStatus.error, failure.message)
        }
    }
}

/// A line on standard error that is no failure.
enum ACLText {
    static func warn(_ text: String) {
        var line = Array("tacho: \(text)\n".utf8)
        _ = write(2, &line, line.count)
    }
}
