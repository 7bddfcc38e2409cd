import ArgumentParser
import TachoTools

struct WhoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "who",
        abstract: "Print who was in an area between two times.",
        discussion: """
            Each rider with a fix inside, of any effect, with the times of the first and the last of \
            them and their number, by first time. Exact against the fixes; borders belong.

            Areas: CIRCLE,lat,lon,m   BBOX,min_lat,min_lon,max_lat,max_lon   CELL,h3
                   POLYGON,rings,n,lat,lon,...   (the points of each ring behind their number, the \
            outer ring first, the first point again at the end)
            Edges go the shorter way round; a ring round a pole is refused. A circle is measured on \
            WGS84. A BBOX whose min_lon is above its max_lon goes over the \
            antimeridian.

            Examples:
              tacho who --data ./fleet --area CIRCLE,37.5665,126.978,100 \
            --from 2026-01-02T11:50:00Z --to 2026-01-02T12:10:00Z
              tacho who --server 127.0.0.1:7227 --area CELL,8930e1d8c97ffff \
            --from 1767355200000 --to 1767358800000 --json
            """)

    @OptionGroup var target: TargetOptions

    @Option(help: ArgumentHelp("The area, its words with commas between them.", valueName: "a"))
    var area: String

    @Option(help: ArgumentHelp("Unix ms or RFC 3339.", valueName: "t"), transform: instant)
    var from: Int64

    @Option(help: ArgumentHelp("Unix ms or RFC 3339.", valueName: "t"), transform: instant)
    var to: Int64

    @Flag(help: "One JSON object per rider.")
    var json = false

    func run() throws {
        let request = try WhoRequest(area: area, fromMs: from, toMs: to)
        try target.withTarget {
            try WhoReport.print(request, from: $0, json: json, to: Output.standard())
        }
    }
}
