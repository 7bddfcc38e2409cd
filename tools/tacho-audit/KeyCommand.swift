import ArgumentParser
import TachoAudit

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Makes, shows and replaces the keys that sign a log.",
        discussion: """
            A key is a file of mode 0600 with one line; FILE.pub beside it is for everybody. Its
            name is the log's origin, or says who the witness is: an address without https://,
            which need not be reachable. Keep DIR/audit-key out of DIR/audit, which is copied.

            EXAMPLES
              tacho-audit key new --name tacho.example.com/fleet --out DIR/audit-key
              tacho-audit key new --witness --name witness.example.org/w1 --out witness-key
              tacho-audit key show DIR/audit-key
              tacho-audit key rotate --audit DIR/audit --old DIR/audit-key --new DIR/audit-key-2
            """,
        subcommands: [NewKeyCommand.self, ShowKeyCommand.self, RotateKeyCommand.self])
}

struct NewKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Makes a key and prints its public half.",
        discussion: """
            EXAMPLES
              tacho-audit key new --name tacho.example.com/fleet --out DIR/audit-key
            """)

    @Option(help: ArgumentHelp("Origin of the log, or name of the witness.", valueName: "ORIGIN"))
    var name: String
    @Option(help: ArgumentHelp("The file to make; one that exists stays.", valueName: "FILE"))
    var out: String
    @Flag(help: "A key that cosigns other logs' checkpoints.") var witness = false

    func run() throws {
        do throws(KeyError) {
            let key = try SigningKey(name: name, kind: witness ? .witness : .log)
            try KeyFile.write(key, to: out)
            print(key.verifier.text)
        } catch {
            throw Failure.exit(error.exit, error.message)
        }
    }
}

struct ShowKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Prints the public half of a key: what verifiers give as --expect-vkey.",
        discussion: """
            EXAMPLES
              tacho-audit key show DIR/audit-key
            """)

    @Argument(help: ArgumentHelp("A key, private or public.", valueName: "FILE")) var file: String

    func run() throws {
        do throws(KeyError) {
            if let key = try? KeyFile.readPublic(file) { return print(key.text) }
            print(try KeyFile.read(file).verifier.text)
        } catch {
            throw Failure.exit(error.exit, error.message)
        }
    }
}

struct RotateKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Hands the log over to another key, by an entry that the old key signs.",
        discussion: """
            Make the new key first, with the same name. What is not signed yet is checked and signed
            by the old one, as sign does. From then on only the new one signs, and verifiers that
            pin the old one follow. Give the new one to the server before its next seal. Broken off
            it goes on when it is run again.

            EXAMPLES
              tacho-audit key new --name tacho.example.com/fleet --out DIR/audit-key-2
              tacho-audit key rotate --audit DIR/audit --old DIR/audit-key --new DIR/audit-key-2
            """)

    @OptionGroup var audit: AuditOption
    @Option(help: ArgumentHelp("The key in force.", valueName: "FILE")) var old: String
    @Option(help: ArgumentHelp("Its successor.", valueName: "FILE")) var new: String

    func run() throws {
        let progress = Progress()
        do {
            let (old, new) = (try KeyFile.read(old), try KeyFile.read(new))
            guard old.verifier.kind == .log, new.verifier.kind == .log else {
                throw KeyError.kind(needed: .log)
            }
            let checkpoint = try LogSigning.rotate(
                audit: audit.directory, from: old, to: new
            ) { progress.show("\($0) read again") }
            progress.clear()
            print(
                "the log goes on at \(checkpoint.head.size) entries, signed by "
                    + new.verifier.text)
        } catch {
            progress.clear()
            throw Failure.exit(error)
        }
    }
}
