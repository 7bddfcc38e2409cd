/// What a segment holds, at a glance: its header and its riders.
package struct SegmentInspection: Sendable {
    package struct Rider: Sendable {
        package let name: String
        package let points: Int
        package let blocks: Int
        package let tsBounds: TimeBounds
        /// The blocks' entries of the index, by block; empty unless asked for.
        package let list: [(block: Int, entry: BlockEntry)]
    }

    package let file: String
    package let header: SegmentHeader
    package let root: [UInt8]
    package let riders: [Rider]
    /// Blocks of amendments, if blocks were asked for and no rider.
    package let amendmentBlocks: [(block: Int, entry: BlockEntry)]

    /// Reads the header and the sections behind the blocks; no block. `rider`: only this one, none
    /// if it has no point here. `blocks`: each block, too.
    package init(
        path: String, rider only: [UInt8]? = nil, blocks isListed: Bool = false
    ) throws(SegmentError) {
        let reader = try SegmentReader(path: path)
        file = path
        header = reader.header
        root = reader.root
        let chosen: [Int]
        if let only {
            chosen = reader.names.indexWithPoints(only).map { [$0] } ?? []
        } else {
            chosen = Array(0..<reader.riderCount)
        }
        riders = chosen.map { rider in
            let range = reader.blocks(ofRider: rider)
            var bounds = TimeBounds()
            for entry in reader.index[range] { bounds.add(entry.tsBounds) }
            return Rider(
                name: String(decoding: reader.names.name(rider), as: UTF8.self),
                points: reader.index[range].reduce(0) { $0 + Int($1.count) }, blocks: range.count,
                tsBounds: bounds, list: isListed ? range.map { ($0, reader.index[$0]) } : [])
        }
        amendmentBlocks =
            isListed && only == nil
            ? reader.amendmentBlocks.map { ($0, reader.index[$0]) } : []
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
                if !rider.list.isEmpty { item.add("block_list", rider.list.map(Self.object)) }
                return item
            })
        if !amendmentBlocks.isEmpty {
            line.add("amendment_blocks", amendmentBlocks.map(Self.object))
        }
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
            lines += rider.list.map { Self.line($0.block, $0.entry, "points") }
        }
        lines += amendmentBlocks.map { Self.line($0.block, $0.entry, "amendments") }
        return lines
    }

    private static func line(_ block: Int, _ entry: BlockEntry, _ what: String) -> String {
        "block           \(block): bytes \(entry.bytes.lowerBound)-\(entry.bytes.upperBound), "
            + "\(entry.count) \(what), \(entry.tsBounds.minMs)-\(entry.tsBounds.maxMs) ms"
    }

    private static func object(_ item: (block: Int, entry: BlockEntry)) -> JSONLine {
        var line = JSONLine()
        line.add("block", item.block)
        line.add("from_byte", item.entry.bytes.lowerBound)
        line.add("to_byte", item.entry.bytes.upperBound)
        line.add(item.entry.kind == .fixes ? "points" : "amendments", item.entry.count)
        line.add("first_ts_ms", item.entry.tsBounds.minMs)
        line.add("last_ts_ms", item.entry.tsBounds.maxMs)
        return line
    }
}
