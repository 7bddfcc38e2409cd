import ArgumentParser
import TachoAudit

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks structure, checksums, hashes, chain and log of all segments.",
        discussion: """
            Goes on after the first finding. With the log of segments (DIR/audit/log) it also finds
            segments missing at the end. Who signed is only checked against a key you bring along:
            --expect-vkey, from the operator and not from the directory. --trust keeps the last
            checkpoint that verified, so that nobody can show another past later (exit 4).

            EXAMPLES
              tacho-audit verify --audit DIR/audit
              tacho-audit verify --audit DIR/audit --deep --json
              tacho-audit verify --audit DIR/audit --expect-vkey VKEY --trust fleet.trust
              tacho-audit verify --audit DIR/audit --expect-vkey VKEY --witness WITNESS-VKEY
            """)

    @OptionGroup var audit: AuditOption
    @Flag(help: "Decode every block too, and recount.") var deep = false
    @Flag(help: "JSON lines: findings, segments, and a summary at the end.") var json = false
    @Option(
        help: ArgumentHelp(
            "The log's public key, or a file with it; later keys are followed from it.",
            valueName: "VKEY"))
    var expectVkey: String?
    @Option(
        help: ArgumentHelp(
            "Keeps the last checkpoint that verified; made at first use.", valueName: "FILE"))
    var trust: String?
    @Option(
        help: ArgumentHelp(
            "A witness whose cosignature must be there; may be repeated.", valueName: "VKEY"))
    var witness: [String] = []

    func run() throws {
        let pins: LogPins
        do {
            pins = try self.pins()
        } catch {
            throw Failure.exit(error)
        }
        let summary = verify(pins)
        print(json ? summary.json.text : summary.line)
        if summary.exit != .verified { throw ExitCode(summary.exit.rawValue) }
        guard let trust, let checkpoint = summary.log.checkpoint else { return }
        do throws(LogError) {
            try TrustFile(key: pins.key, checkpoint: checkpoint).write(trust)
        } catch {
            throw Failure.exit(error)
        }
    }

    /// A trust file remembers the key that was pinned.
    private func pins() throws -> LogPins {
        var pins = LogPins()
        if let trust {
            let known = try TrustFile.read(trust)
            pins.keepsTrust = true
            pins.trusted = known?.checkpoint
            pins.key = known?.key
        }
        if let expectVkey {
            pins.key = try KeyFile.readPublic(expectVkey)
            guard pins.key?.kind == .log else { throw KeyError.kind(needed: .log) }
        }
        pins.witnesses = try witness.map { try KeyFile.readPublic($0) }
        guard pins.witnesses.allSatisfy({ $0.kind == .witness }) else {
            throw KeyError.kind(needed: .witness)
        }
        return pins
    }

    private func verify(_ pins: LogPins) -> VerifySummary {
        let progress = Progress()
        defer { progress.clear() }
        return Verifier.run(directory: audit.directory, deep: deep, pins: pins) { event in
            progress.clear()
            if json {
                print(event.json.text)
            } else if let line = event.line {
                print(line)
            }
            if case .segment(let file, _) = event { progress.show("\(file) checked") }
        }
    }
}
