import TachoCodec

/// How far an export is: what stands beside its partial file, so that it can be gone on with.
struct ExportState {
    /// The question it answers, word for word.
    var question: String
    /// Bytes of the partial file that count; what follows them is cut off.
    var bytes: UInt64
    var rows: UInt64
    /// Everything up to here is written.
    var reached: ExportCursor
    var tsBounds = TimeBounds()
    var recvBounds = TimeBounds()
    /// Of the last row; nil before the first.
    var rider: [UInt8]?
    var riderSegment: UInt64 = 0

    init(question: String, bytes: UInt64, rows: UInt64, reached: ExportCursor) {
        self.question = question
        self.bytes = bytes
        self.rows = rows
        self.reached = reached
    }

    private static let version: Int64 = 1

    var text: String {
        var line = JSONLine()
        line.add("v", Self.version)
        line.add("question", question)
        line.add("bytes", bytes)
        line.add("rows", rows)
        line.add("cursor", reached.text)
        if let rider {
            line.add("rider", String(decoding: rider, as: UTF8.self))
            line.add("rider_segment", riderSegment)
        }
        if !tsBounds.isEmpty {
            line.add("first_ts_ms", tsBounds.minMs)
            line.add("last_ts_ms", tsBounds.maxMs)
            line.add("first_recv_ms", recvBounds.minMs)
            line.add("last_recv_ms", recvBounds.maxMs)
        }
        return line.text + "\n"
    }

    /// nil when the text is none of this version.
    init?(_ text: [UInt8]) {
        guard let value = try? JSONValue.read(text), value["v"]?.integer == Self.version,
            let question = value["question"]?.text,
            let bytes = value["bytes"]?.integer, bytes >= 0,
            let rows = value["rows"]?.integer, rows >= 0,
            let cursor = value["cursor"]?.text.flatMap(ExportCursor.init)
        else { return nil }
        self.init(
            question: question, bytes: UInt64(bytes), rows: UInt64(rows), reached: cursor)
        rider = value["rider"]?.text.map { Array($0.utf8) }
        riderSegment = UInt64(clamping: value["rider_segment"]?.integer ?? 0)
        if let first = value["first_ts_ms"]?.integer, let last = value["last_ts_ms"]?.integer,
            let firstRecv = value["first_recv_ms"]?.integer,
            let lastRecv = value["last_recv_ms"]?.integer
        {
            tsBounds = TimeBounds(minMs: first, maxMs: last)
            recvBounds = TimeBounds(minMs: firstRecv, maxMs: lastRecv)
        }
    }
}

/// A question as text: two exports with the same one have the same bytes.
enum ExportQuestion {
    static func text(_ query: ExportQuery, format: ExportFormat, _ plan: ExportPlan) -> String {
        var line = JSONLine()
        line.add("format", format.rawValue)
        line.add("query", object(query))
        line.add("as_of", plan.segments.count)
        if let last = plan.segments.last { line.add("root", Digest.hex(last.root)) }
        return line.text
    }

    /// What was asked for, without what was not.
    static func object(_ query: ExportQuery) -> JSONLine {
        var line = JSONLine()
        if let riders = query.riders {
            let names = riders.sorted { $0.lexicographicallyPrecedes($1) }
            line.add("riders", texts: names.map { String(decoding: $0, as: UTF8.self) })
        }
        if query.tsMs.lowerBound != .min { line.add("from_ms", query.tsMs.lowerBound) }
        if query.tsMs.upperBound != .max { line.add("to_ms", query.tsMs.upperBound) }
        if query.recvMs.lowerBound != .min { line.add("recv_from_ms", query.recvMs.lowerBound) }
        if query.recvMs.upperBound != .max { line.add("recv_to_ms", query.recvMs.upperBound) }
        if let area = query.area { line.add("area", area.text) }
        if let after = query.after { line.add("cursor", after.text) }
        if let limit = query.limit { line.add("limit", limit) }
        return line
    }
}
