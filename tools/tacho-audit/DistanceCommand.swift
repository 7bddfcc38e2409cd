import ArgumentParser
import TachoAudit
import TachoGeo

struct DistanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distance",
        abstract: "Computes again how far a rider went, leg by leg, from segments alone.",
        discussion: """
            Distance v1 (format-spec.md, section 19), by the current verdicts: those stored, with
            the amendments of all segments. The number is that of tacho distance for what is sealed.
            legs_sha256 is the SHA-256 of the file that --legs writes, a line for each fix; digest
            binds the sum, these legs and the roots of the segments they came from. T is Unix ms or
            RFC 3339, inclusive; a leg counts if both its ends lie between --from and --to.

            EXAMPLES
              tacho-audit distance --audit DIR/audit --rider 7
              tacho-audit distance --audit DIR/audit --rider 7 --from 2026-01-02T00:00:00Z \\
                --to 2026-01-02T23:59:59.999Z --legs 7.legs.csv --json
            """)

    @OptionGroup var audit: AuditOption
    @Option(help: ArgumentHelp("The rider.", valueName: "R")) var rider: String
    @Option(help: ArgumentHelp("First event time.", valueName: "T")) var from: TimeArgument?
    @Option(help: ArgumentHelp("Last event time.", valueName: "T")) var to: TimeArgument?
    @Option(
        help: ArgumentHelp(
            "Write every leg there as CSV, - for standard output.", valueName: "FILE"))
    var legs: String?
    @Flag(help: "The sum as JSON; on standard error when legs go to standard output.")
    var json = false

    func validate() throws {
        guard let from, let to, from.ms > to.ms else { return }
        throw ValidationError("--from, --to: the range ends before it starts; swap them")
    }

    func run() throws {
        let query = AuditDistanceQuery(
            rider: Array(rider.utf8), fromMs: from?.ms ?? .min, toMs: to?.ms ?? .max)
        let progress = Progress()
        let result: AuditDistanceResult
        do throws(ExportError) {
            result = try compute(query, progress)
            progress.clear()
        } catch {
            progress.clear()
            throw Failure.exit(error.exit, error.message)
        }
        guard result.isKnownRider else {
            throw Failure.exit(.usage, "rider \(rider) has no point in any segment")
        }
        report(result)
    }

    private func compute(
        _ query: AuditDistanceQuery, _ progress: Progress
    ) throws(ExportError) -> AuditDistanceResult {
        let show: (Int, Int) -> Void = { progress.show("segment \($0) of \($1)") }
        guard let legs else {
            return try AuditDistance.run(
                directory: audit.directory, query: query, progress: show)
        }
        // Made with the first row: there is none of a rider that nobody knows.
        var output: ExportOutput?
        let result = try AuditDistance.run(
            directory: audit.directory, query: query, progress: show,
            write: { (piece) throws(ExportError) in
                if output == nil { output = try ExportOutput(path: legs) }
                try output!.write(&piece)
            })
        try output?.complete()
        return result
    }

    private func report(_ result: AuditDistanceResult) {
        let text = json ? Self.object(rider, result).text : Self.text(rider, result)
        if legs == "-" { ErrorStream.write(text + "\n") } else { print(text) }
    }

    /// The keys of tacho distance in its order, then what binds it to segments.
    private static func object(_ rider: String, _ result: AuditDistanceResult) -> JSONLine {
        let totals = result.totals
        var line = JSONLine()
        line.add("rider", rider)
        line.add("metres", thousandths: totals.mm)
        line.add("points", totals.points)
        line.add("excluded", totals.excluded)
        line.add("gaps_ms", totals.gapsMs)
        line.add("alg", DistanceV1.alg)
        line.add("gaps", totals.gaps)
        line.add("gap_metres", thousandths: totals.gapMm)
        line.add("excluded_metres", thousandths: totals.excludedMm)
        line.add("resting_metres", thousandths: totals.restingMm)
        line.add("held", totals.held)
        line.add("quarantined", totals.quarantined)
        line.add("conflicts", totals.conflicts)
        line.add("legs_sha256", Digest.hex(result.legsSHA256))
        line.add("digest", Digest.hex(result.digest))
        line.add("segments_in_all", result.segmentsInAll)
        line.add(
            "segments",
            result.segments.map { segment in
                var entry = JSONLine()
                entry.add("segment", segment.id)
                entry.add("root", Digest.hex(segment.root))
                return entry
            })
        return line
    }

    private static func text(_ rider: String, _ result: AuditDistanceResult) -> String {
        let totals = result.totals
        var parts = ["\(rider)  \(metres(totals.mm)) m  \(totals.points) points"]
        if totals.gaps > 0 {
            let seconds = "\(totals.gapsMs / 1_000)"
            parts.append(
                "gaps \(totals.gaps): \(seconds) s, \(metres(totals.gapMm)) m straight, not counted"
            )
        }
        if totals.excluded > 0 {
            parts.append(
                "excluded \(totals.excluded): \(totals.excludedLegs) legs of"
                    + " \(metres(totals.excludedMm)) m, \(totals.held) held,"
                    + " \(totals.quarantined) quarantined")
        }
        if totals.restingMm > 0 {
            parts.append("\(metres(totals.restingMm)) m at rest, not counted")
        }
        if totals.conflicts > 0 { parts.append("\(totals.conflicts) conflicts") }
        parts.append(
            "out of \(result.segments.count) of \(result.segmentsInAll) segments")
        parts.append("\(DistanceV1.alg) \(Digest.hex(result.digest))")
        return parts.joined(separator: "  ")
    }

    private static func metres(_ mm: Int64) -> String {
        var text: [UInt8] = []
        Decimal.append(mm, decimals: 3, trimmed: true, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
