import ArgumentParser
import TachoAudit

struct ProveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Writes an offline proof of a rider's fixes at a time.",
        discussion: """
            One text file with the stored blocks and what leads from them to the signed checkpoint;
            whoever knows the log's key can check it with nothing else at hand (check-proof).
            T is Unix ms or RFC 3339, to the millisecond of the fix: export shows it.

            EXAMPLES
              tacho-audit prove --audit DIR/audit --rider 7 --time 1767225600000 --out 7.proof
            """)

    @OptionGroup var audit: AuditOption
    @Option(help: ArgumentHelp("The rider.", valueName: "R")) var rider: String
    @Option(help: ArgumentHelp("Event time of the fixes.", valueName: "T")) var time: TimeArgument
    @Option(help: ArgumentHelp("The file to write, - for standard output.", valueName: "FILE"))
    var out = "-"

    func run() throws {
        let progress = Progress()
        do {
            let proof = try PointProof.make(
                audit: audit.directory, rider: Array(rider.utf8), tsMs: time.ms
            ) { progress.show("\($0) searched") }
            progress.clear()
            try proof.write(to: out)
        } catch {
            progress.clear()
            throw Failure.exit(error)
        }
    }
}

struct CheckProofCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-proof",
        abstract: "Checks a proof with nothing but the log's public key, and prints the fixes.",
        discussion: """
            Prints the fixes as export does. Shown is that they, and the amendments that give them
            their verdicts, are in the log; not that there are no others, which takes the segments.

            EXAMPLES
              tacho-audit check-proof 7.proof --expect-vkey VKEY
              tacho-audit check-proof 7.proof --expect-vkey VKEY --rider 7 \\
                --time 2026-01-01T00:00:00Z --json
            """)

    @Argument(help: ArgumentHelp("The proof, - for standard input.", valueName: "FILE"))
    var file: String
    @Option(
        help: ArgumentHelp(
            "The log's public key, or a file with it; later keys are followed from it.",
            valueName: "VKEY"))
    var expectVkey: String
    @Option(
        help: ArgumentHelp(
            "A witness whose cosignature must be there; may be repeated.", valueName: "VKEY"))
    var witness: [String] = []
    @Option(help: ArgumentHelp("It must be about this rider.", valueName: "R"))
    var rider: String?
    @Option(help: ArgumentHelp("It must be about this time.", valueName: "T"))
    var time: TimeArgument?
    @Flag(help: "A JSON object a fix, and a summary at the end.") var json = false

    func run() throws {
        do {
            let key = try KeyFile.readPublic(expectVkey)
            guard key.kind == .log else { throw KeyError.kind(needed: .log) }
            let proof = try PointProof(path: file)
            let fixes = try ProofCheck.run(
                proof, key: key, witnesses: try witness.map { try KeyFile.readPublic($0) })
            try fixes.check(rider: rider.map { Array($0.utf8) }, tsMs: time?.ms)
            if json {
                for line in fixes.jsonRows { print(line.text) }
                print(fixes.json.text)
            } else {
                for row in fixes.rows { print(row) }
                ErrorStream.write(fixes.line + "\n")
            }
        } catch {
            throw Failure.exit(error)
        }
    }
}
