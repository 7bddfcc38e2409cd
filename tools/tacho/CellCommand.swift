import ArgumentParser
import TachoClient
import TachoGeo
import TachoProgram
import TachoTools

struct CellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cell",
        abstract: "Print the H3 cell of a position, and what lies around, above or below a cell.",
        usage: """
            tacho cell <lat> <lon> <res>
            tacho cell parent|children|centre-child <cell> <res>
            tacho cell disk|ring <cell> <k>
            tacho cell neighbours|centre|boundary|area <cell>
            tacho cell distance|path <cell> <cell>
            tacho cell compact <cell> ...
            tacho cell uncompact <res> <cell> ...
            tacho cell --batch <file>
            """,
        discussion: """
            Latitude and longitude are in degrees, the resolution is 0…15; the answer is the id in \
            hexadecimal, the same as latLngToCell of H3 4. The words are H3's: cellToParent, \
            cellToChildren, gridDisk and so on; cells are printed in the order of their ids, those of a path in its own, \
            at most 1,000,000, positions as latitude and longitude in degrees, areas in m². A batch has such a question in each line and is answered line by line; - is \
            standard input.

            Examples:
              tacho cell 37.5665 126.978 9
              tacho cell disk 8930e1d9b37ffff 1
              tacho cell parent 8930e1d9b37ffff 5
              tacho cell --batch positions.txt > cells.txt
              awk -F, 'NR > 1 {print $3, $4, 9}' rides.csv | tacho cell --batch -

            Exit codes: 1 the file cannot be read, 64 the question has no answer, 65 a line of the \
            batch has none; the lines before it were answered.
            """)

    @Option(help: ArgumentHelp("Questions, one a line; - is standard input.", valueName: "file"))
    var batch: String?

    /// All that is left over: a negative number looks like an option to the parser.
    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp("Latitude, longitude, resolution; or a word and a cell."))
    var question: [String] = []

    func validate() throws {
        if batch != nil {
            guard question.isEmpty else {
                throw ValidationError("a question or --batch, not both: \(question[0])")
            }
        } else if question.isEmpty {
            throw ValidationError("expected LAT LON RES, a word and a cell, or --batch FILE")
        }
    }

    func run() throws {
        let output = Output.standard()
        do {
            if let batch {
                try CellBatch.run(try InputFile(path: batch), to: output)
            } else {
                try output.line(try answer())
                try output.flush()
            }
        } catch is OutputClosed {
            return
        }
    }

    private func answer() throws -> String {
        do {
            return try CellQuestion(fields: question).answer()
        } catch {
            throw ToolFailure(ExitStatus.usage, error.message)
        }
    }
}
