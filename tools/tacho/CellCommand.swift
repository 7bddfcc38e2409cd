import ArgumentParser
import TachoClient
import TachoGeo
import TachoProgram
import TachoTools

struct CellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cell",
        abstract: "Print the H3 cell of a position.",
        usage: """
            tacho cell <lat> <lon> <res>
            tacho cell --batch <file>
            """,
        discussion: """
            Latitude and longitude are in degrees, the resolution is 0…15; the answer is the id in \
            hexadecimal, the same as latLngToCell of H3 4. A batch has a line lat lon res for each \
            position and is answered line by line; - is standard input.

            Examples:
              tacho cell 37.5665 126.978 9
              tacho cell --batch positions.txt > cells.txt
              awk -F, 'NR > 1 {print $3, $4, 9}' rides.csv | tacho cell --batch -

            Exit codes: 1 the file cannot be read, 64 the position is none, 65 a line of the batch \
            is no position; the lines before it were answered.
            """)

    @Option(help: ArgumentHelp("Positions, one a line; - is standard input.", valueName: "file"))
    var batch: String?

    /// All that is left over: a negative number looks like an option to the parser.
    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp("Latitude, longitude, resolution.", valueName: "lat lon res"))
    var position: [String] = []

    func validate() throws {
        if batch != nil {
            guard position.isEmpty else {
                throw ValidationError("a position or --batch, not both: \(position[0])")
            }
        } else if position.count != 3 {
            throw ValidationError("expected LAT LON RES, or --batch FILE")
        }
    }

    func run() throws {
        let output = Output.standard()
        do {
            if let batch {
                try CellBatch.run(try InputFile(path: batch), to: output)
            } else {
                try output.line(try query().cell.hex)
                try output.flush()
            }
        } catch is OutputClosed {
            return
        }
    }

    private func query() throws -> CellQuery {
        do {
            return try CellQuery(lat: position[0], lon: position[1], resolution: position[2])
        } catch {
            throw ToolFailure(ExitStatus.usage, error.message)
        }
    }
}
