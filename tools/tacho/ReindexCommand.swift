import ArgumentParser
import TachoTools

struct ReindexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reindex",
        abstract: "Make the index of who was where again, from the stored tracks.",
        discussion: """
            The index is rows of H3 cells and times; it holds nothing that the tracks do not. Made with \
            finer cells (9 unless set otherwise, 5 to 12) it has more rows, and tacho who reads fewer \
            tracks for a small area. Fixes are taken and questions answered meanwhile. Broken off, it is \
            begun again by the same command.

            Examples:
              tacho reindex --data ./fleet
              tacho reindex --server 127.0.0.1:7227 --resolution 10 --json
            """)

    @OptionGroup var target: TargetOptions

    @Option(help: ArgumentHelp("Of the cells, from here on (as it was).", valueName: "r"))
    var resolution: Int?

    @Flag(help: "One JSON object: resolution, chunks, rows, removed.")
    var json = false

    func validate() throws {
        if let resolution, !(5...12).contains(resolution) {
            throw ValidationError("--resolution \(resolution): 5 to 12 expected")
        }
    }

    func run() throws {
        try target.withTarget {
            try Reports.stats(
                try $0.reindex(resolution: resolution), json: json, to: Output.standard())
        }
    }
}
