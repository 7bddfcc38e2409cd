package import TachoClient
package import TachoGeo

/// Who was in an area between two times, both included.
package struct WhoRequest: Sendable {
    package var area: Area
    /// The area as it was written: what is sent to a server.
    package var words: [String]
    package var fromMs: Int64
    package var toMs: Int64

    /// Reads the words, with commas between them.
    package init(area text: String, fromMs: Int64, toMs: Int64) throws(ToolFailure) {
        do {
            area = try Area(commaSeparated: text)
        } catch {
            throw ToolFailure(ExitStatus.usage, "--area: \(error)")
        }
        words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        self.fromMs = fromMs
        self.toMs = toMs
    }

    /// Riders asked of a server at a time, which looks for all of them each time: as many as fit into
    /// a reply with the longest names.
    static let pageRiders = 32_768
}

package struct WhoRow: Equatable, Sendable {
    package var rider: String
    package var firstMs: Int64
    package var lastMs: Int64
    package var points: Int64
}

package struct WhoRows: Sendable {
    package var rows: [WhoRow]
    /// Where the next page starts; nil at the end.
    package var next: String?
}

/// What `tacho who` prints.
package enum WhoReport {
    package static func print(
        _ request: WhoRequest, from target: any Target, json: Bool, to output: Output
    ) throws {
        var cursor: String?
        var count = 0
        repeat {
            let page = try target.who(request, after: cursor)
            for row in page.rows { try print(row, json: json, to: output) }
            count += page.rows.count
            cursor = page.next
        } while cursor != nil
        if count == 0 && !json { try output.line("nobody") }
        try output.flush()
    }

    private static func print(_ row: WhoRow, json: Bool, to output: Output) throws {
        guard json else {
            let (first, last) = (UTCTime.text(ms: row.firstMs), UTCTime.text(ms: row.lastMs))
            return try output.line("\(row.rider)  \(first)  \(last)  \(row.points) points")
        }
        var object = JSONObject()
        object.add("rider", string: row.rider)
        object.add("first_ts", integer: row.firstMs)
        object.add("last_ts", integer: row.lastMs)
        object.add("points", integer: row.points)
        try output.line(object.finished())
    }
}
