/// What a segment holds, at a glance: its header and its riders.
package struct SegmentInspection: Sendable {
    package struct Rider: Sendable {
        package let name: String
        package let points: Int
        package let blocks: Int
        package let tsBounds: TimeBounds
    }

    package let file: String
    package let header: SegmentHeader
    package let root: [UInt8]
    package let riders: [Rider]

    /// Reads the header and the sections behind the blocks; no block.
    package init(path: String) throws(SegmentError) {
        let reader = try SegmentReader(path: path)
        file = path
        header = reader.header
        root = reader.root
        riders = (0..<reader.riderCount).map { rider in
            let blocks = reader.index[reader.blocks(ofRider: rider)]
            var bounds = TimeBounds()
            for entry in blocks { bounds.add(entry.tsBounds) }
            return Rider(
                name: String(decoding: reader.names.name(rider), as: UTF8.self),
                points: blocks.reduce(0) { $0 + Int($1.count) }, blocks: blocks.count,
                tsBounds: bounds)
        }
    }

    package var json: JSONLine {
        var line = JSONLine()
        line.add("file", file)
        header.add(to: &line)
        line.add("root", Digest.hex(root))
        line.add(
            "rider_list",
            riders.map { rider in
                var item = JSONLine()
                item.add("rider", rider.name)
                item.add("points", rider.points)
                item.add("blocks", rider.blocks)
                item.add("first_ts_ms", rider.tsBounds.minMs)
                item.add("last_ts_ms", rider.tsBounds.maxMs)
                return item
            })
        return line
    }

    package var lines: [String] {
        let interval = header.interval
        var lines = [
            "file            \(file)",
            "format          \(header.major).\(header.minor)",
            "segment         \(interval.segmentID), partition \(interval.partition)",
            "sequences       \(interval.firstSequence)-\(interval.lastSequence)",
            "points          \(header.points), accepted lost \(header.lostPoints)",
            "amendments      \(header.amendments)",
            "riders          \(header.riders), only amended \(header.otherRiders)",
            "blocks          \(header.blocks)",
            "bytes           \(header.fileBytes)",
            "rule set        \(interval.ruleSet)",
            "previous        \(Digest.hex(interval.previousSHA256))",
            "root            \(Digest.hex(root))",
        ]
        if header.points > 0 {
            lines.append("event ms        \(header.tsBounds.minMs)-\(header.tsBounds.maxMs)")
            lines.append("receipt ms      \(header.recvBounds.minMs)-\(header.recvBounds.maxMs)")
        }
        for rider in riders {
            lines.append(
                "rider           \(rider.name): \(rider.points) points, \(rider.blocks) blocks, "
                    + "\(rider.tsBounds.minMs)-\(rider.tsBounds.maxMs) ms")
        }
        return lines
    }
}
