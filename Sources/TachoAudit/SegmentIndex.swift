import TachoCodec

/// The sections behind the blocks: leaves, index, names; each under its own CRC32C.
struct SegmentSections {
    /// 32 bytes a block.
    var leaves: [UInt8]
    var index: [BlockEntry]
    var names: NameTable

    static func readLeaves(
        _ source: SegmentSource, _ footer: SegmentFooter
    ) throws(SegmentError) -> [UInt8] {
        let range = footer.leavesOffset..<footer.indexOffset
        var bytes = try section(source, range, .leavesChecksum, "the leaves")
        bytes.removeLast(checksumBytes)
        return bytes
    }

    /// The same, and that they lead to the root: without it a block that somebody exchanged, with
    /// its leaf, would pass for one of this segment.
    static func readBoundLeaves(
        _ source: SegmentSource, _ footer: SegmentFooter
    ) throws(SegmentError) -> [UInt8] {
        let leaves = try readLeaves(source, footer)
        guard MerkleRoot.root(ofLeaves: leaves) == footer.root else {
            throw SegmentError(
                .root, "the root is not the head over the leaves",
                bytes: footer.leavesOffset..<footer.indexOffset)
        }
        return leaves
    }

    static func readNames(
        _ source: SegmentSource, _ header: SegmentHeader, _ footer: SegmentFooter
    ) throws(SegmentError) -> NameTable {
        let range = footer.namesOffset..<footer.offset
        let bytes = try section(source, range, .namesChecksum, "the names")
        return try bytes.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                try NameTable.decode(raw, header: header, at: range.lowerBound)
            }
        }.get()
    }

    static func readIndex(
        _ source: SegmentSource, _ header: SegmentHeader, _ footer: SegmentFooter
    ) throws(SegmentError) -> [BlockEntry] {
        let range = footer.indexOffset..<footer.namesOffset
        let bytes = try section(source, range, .indexChecksum, "the index")
        var index: [BlockEntry] = []
        index.reserveCapacity(Int(header.blocks))
        for block in 0..<Int(header.blocks) {
            let start = block * IndexLayout.byteCount
            let entry = bytes.withUnsafeBytes {
                BlockEntry.decode(
                    UnsafeRawBufferPointer(rebasing: $0[start..<start + IndexLayout.byteCount]))
            }
            let at = range.lowerBound + UInt64(start)
            guard let entry else {
                throw SegmentError(
                    .indexContent, "its index entry is impossible", block: block,
                    bytes: at..<at + UInt64(IndexLayout.byteCount))
            }
            index.append(entry)
        }
        if let (block, why) = defect(index, header, footer) {
            throw SegmentError(.indexContent, why, block: block, bytes: range)
        }
        return index
    }

    /// Reads a section whole and checks its CRC32C, which is its last 4 bytes.
    static func section(
        _ source: SegmentSource, _ range: Range<UInt64>, _ code: SegmentError.Code, _ what: String
    ) throws(SegmentError) -> [UInt8] {
        let bytes = try source.read(at: range.lowerBound, count: Int(range.count))
        let isRight = bytes.withUnsafeBytes { raw in
            let end = raw.count - checksumBytes
            let stated = UInt32(
                littleEndian: raw.loadUnaligned(fromByteOffset: end, as: UInt32.self))
            return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[..<end])) == stated
        }
        guard isRight else {
            throw SegmentError(code, "the checksum of \(what) is wrong", bytes: range)
        }
        return bytes
    }

    static let checksumBytes = 4

    /// The blocks fill their part of the file; riders ascend; each rider's blocks ascend in time
    /// and are full but for the last; amendments come last.
    private static func defect(
        _ index: [BlockEntry], _ header: SegmentHeader, _ footer: SegmentFooter
    ) -> (Int, String)? {
        var offset = UInt64(HeaderLayout.byteCount)
        var rider = -1
        var lastMs = Int64.min
        var lastCount = SegmentFormat.blockCapacity
        var inAmendments = false
        for (block, entry) in index.enumerated() {
            guard entry.offset == offset else { return (block, "it does not follow its neighbour") }
            offset += UInt64(entry.storedBytes)
            switch entry.kind {
            case .amendments:
                inAmendments = true
                guard entry.rider == SegmentFormat.noRider else {
                    return (block, "an amendment block names a rider")
                }
            case .fixes:
                guard !inAmendments else { return (block, "a rider comes after amendments") }
                if Int(entry.rider) == rider + 1 {
                    rider += 1
                    lastMs = .min
                    lastCount = SegmentFormat.blockCapacity
                }
                guard Int(entry.rider) == rider, entry.tsBounds.minMs >= lastMs else {
                    return (block, "riders or times of blocks are not in order")
                }
                guard lastCount == SegmentFormat.blockCapacity else {
                    return (block, "the rider's block before it is not full")
                }
                lastMs = entry.tsBounds.maxMs
                lastCount = Int(entry.count)
            }
        }
        guard offset == footer.leavesOffset, rider + 1 == Int(header.riders) else {
            return (index.count - 1, "blocks or riders are missing from the index")
        }
        return nil
    }
}
