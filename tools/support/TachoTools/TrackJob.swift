import TachoClient
import TachoCodec
import TachoGeo
import TachoWire

/// How a track is written.
package enum TrackFormat: String, CaseIterable, Sendable {
    case csv, ndjson, geojson, gpx
}

/// Writes a rider's track page by page: memory does not grow with the length of the track.
package struct TrackJob {
    private let target: any Target
    private let request: TrackRequest
    private let output: Output

    /// Fixes looked at before the CSV header is written, to know whether it needs a `src` column.
    static let lookAheadFixes = 65_536

    package init(target: any Target, request: TrackRequest, output: Output) {
        self.target = target
        self.request = request
        self.output = output
    }

    /// Throws `ToolFailure`; a rider without any fix is one.
    package func run(_ format: TrackFormat) throws {
        switch format {
        case .csv: try writeCSV()
        case .ndjson: try writeNDJSON()
        case .geojson: try writeGeoJSON()
        case .gpx: try writeGPX()
        }
        try output.flush()
    }

    private func writeNDJSON() throws {
        let writer = request.rider.withUnsafeBytes { NDJSONFixWriter(rider: $0) }
        var text = TextBuffer()
        try forEachPage(from: nil) { rows in
            text.removeAll()
            for row in rows {
                writer.append(row.fix, recvMs: row.recvMs, verdict: row.verdict, to: &text)
            }
            try output.append { $0.append(contentsOf: text.text) }
        }
    }

    private func writeGPX() throws {
        var text = TextBuffer()
        var hasHeader = false
        try forEachPage(from: nil) { rows in
            if !hasHeader {
                let header = request.rider.withUnsafeBytes { GPXFixWriter.header(rider: $0) }
                try output.append { $0.append(contentsOf: header) }
            }
            hasHeader = true
            text.removeAll()
            for row in rows { GPXFixWriter.append(row.fix, verdict: row.verdict, to: &text) }
            try output.append { $0.append(contentsOf: text.text) }
        }
        try output.append { $0.append(contentsOf: GPXFixWriter.footer) }
    }

    /// The arrays of a GeoJSON stand one behind the other, so all but short ones wait in temporary
    /// files: about 90 bytes a fix.
    private func writeGeoJSON() throws {
        var track = GeoJSONTrack(rider: request.rider)
        let spools = GeoJSONTrack.Column.allCases.map { _ in SpooledText() }
        try forEachPage(from: nil) { rows in
            for row in rows { track.append(row.fix, verdict: row.verdict) }
            for column in GeoJSONTrack.Column.allCases {
                try spools[column.rawValue].append(track.take(column))
            }
        }
        for piece in track.frame() {
            switch piece {
            case .text(let text): try output.append { $0.append(contentsOf: text) }
            case .column(let column): try spools[column.rawValue].copy(to: output)
            }
        }
        try output.append { $0.append(UInt8(ascii: "\n")) }
    }

    /// A track of up to `lookAheadFixes` is read once. Of a longer one the pages after those are
    /// read twice, unless a source has shown by then.
    private func writeCSV() throws {
        var held: [FixRow] = []
        var cursor: String?
        var isEnd = false
        var hasSource = false
        while !isEnd && !hasSource && held.count < Self.lookAheadFixes {
            let page = try nextPage(after: cursor)
            hasSource = page.rows.contains { $0.fix.source != .unknown }
            held.append(contentsOf: page.rows)
            cursor = page.next
            isEnd = cursor == nil
        }
        if !isEnd && !hasSource { hasSource = try anySource(after: cursor) }
        try output.append { CSVFixWriter.header(hasSource: hasSource, to: &$0) }
        try write(held, hasSource: hasSource)
        held = []
        guard !isEnd else { return }
        try forEachPage(from: cursor) { try write($0, hasSource: hasSource) }
    }

    private func write(_ rows: [FixRow], hasSource: Bool) throws {
        guard hasSource || rows.allSatisfy({ $0.fix.source == .unknown }) else {
            throw ToolFailure(
                ExitStatus.tryAgain,
                "fixes with a source came in while the track was read: run it again")
        }
        var writer = CSVFixWriter(hasSource: hasSource)
        request.rider.withUnsafeBytes { writer.begin(rider: $0) }
        var text = TextBuffer()
        for row in rows { writer.append(row.fix, to: &text) }
        try output.append { $0.append(contentsOf: text.text) }
    }

    private func anySource(after cursor: String?) throws -> Bool {
        var cursor = cursor
        while let place = cursor {
            let page = try nextPage(after: place)
            if page.rows.contains(where: { $0.fix.source != .unknown }) { return true }
            cursor = page.next
        }
        return false
    }

    private func forEachPage(
        from start: String?, _ body: ([FixRow]) throws -> Void
    ) throws {
        var cursor = start
        repeat {
            let page = try nextPage(after: cursor)
            try body(page.rows)
            cursor = page.next
        } while cursor != nil
    }

    private func nextPage(after cursor: String?) throws -> TrackRows {
        let page = try target.track(request, after: cursor)
        guard page.isKnownRider else {
            let rider = String(decoding: request.rider, as: UTF8.self)
            throw ToolFailure(ExitStatus.error, "no fix of rider \(rider): check the name")
        }
        return page
    }
}
