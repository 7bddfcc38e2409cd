import TachoCodec

/// The sections behind the blocks: leaves, index, names; each under its own CRC32C.
enum SegmentSections {
    /// The leaves, 32 bytes a block, and that they lead to the root: without it a block that
    /// somebody exchanged, with its leaf, would pass for one of this segment.
    static func readBoundLeaves(
        _ source: SegmentSource, _ footer: SegmentFooter
    ) throws(SegmentError) -> [UInt8] {
        var leaves = try section(source, footer.leaves, .leavesChecksum, "the leaves")
        leaves.removeLast(checksumBytes)
        guard MerkleRoot.root(ofLeaves: leaves) == footer.root else {
            throw SegmentError(
                .root, "the root is not the head over the leaves",
                bytes: footer.leavesOffset..<footer.indexOffset)
        }
        return leaves
    }

    /// The stored leaf of a block.
    static func leaf(_ block: Int, in leaves: [UInt8]) -> DigestValue {
        let start = block * Digest.byteCount
        return leaves.withUnsafeBytes {
            DigestValue(UnsafeRawBufferPointer(rebasing: $0[start..<start + Digest.byteCount]))
        }
    }

    static func readNames(
        _ source: SegmentSource, _ header: SegmentHeader, _ footer: SegmentFooter
    ) throws(SegmentError) -> NameTable {
        try names(
            try section(source, footer.names, .namesChecksum, "the names"), header, footer)
    }

    /// The names of their section, whose checksum is right.
    static func names(
        _ section: [UInt8], _ header: SegmentHeader, _ footer: SegmentFooter
    ) throws(SegmentError) -> NameTable {
        try section.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                try NameTable.decode(raw, header: header, at: footer.namesOffset)
            }
        }.get()
    }

    static func readIndex(
        _ source: SegmentSource, _ header: SegmentHeader, _ footer: SegmentFooter
    ) throws(SegmentError) -> [BlockEntry] {
        let bytes = try section(source, footer.index, .indexChecksum, "the index")
        let index = try StoredIndex(bytes, header, footer)
        return (0..<index.count).map { index[$0] }
    }

    /// Reads a section whole and checks its CRC32C, which is its last 4 bytes.
    static func section(
        _ source: SegmentSource, _ range: Range<UInt64>, _ code: SegmentError.Code, _ what: String
    ) throws(SegmentError) -> [UInt8] {
        let bytes = try source.read(at: range.lowerBound, count: Int(range.count))
        try check(bytes, range, code, what)
        return bytes
    }

    static func check(
        _ bytes: [UInt8], _ range: Range<UInt64>, _ code: SegmentError.Code, _ what: String
    ) throws(SegmentError) {
        let isRight = bytes.withUnsafeBytes { raw in
            let end = raw.count - checksumBytes
            let stated = UInt32(
                littleEndian: raw.loadUnaligned(fromByteOffset: end, as: UInt32.self))
            return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[..<end])) == stated
        }
        guard isRight else {
            throw SegmentError(code, "the checksum of \(what) is wrong", bytes: range)
        }
    }

    static let checksumBytes = 4
}

/// The index as it is stored, every entry of it possible and in order. Entries are taken apart when
/// they are asked for, so that a check holds 40 bytes a block and not 80.
struct StoredIndex {
    let count: Int
    private let bytes: [UInt8]

    /// Of the index section, whose checksum is right.
    init(
        _ section: [UInt8], _ header: SegmentHeader, _ footer: SegmentFooter
    ) throws(SegmentError) {
        bytes = section
        count = Int(header.blocks)
        for block in 0..<count where entry(block) == nil {
            let at = footer.indexOffset + UInt64(block * IndexLayout.byteCount)
            throw SegmentError(
                .indexContent, "its index entry is impossible", block: block,
                bytes: at..<at + UInt64(IndexLayout.byteCount))
        }
        if let (block, why) = defect(header, footer) {
            throw SegmentError(.indexContent, why, block: block, bytes: footer.index)
        }
    }

    subscript(block: Int) -> BlockEntry { entry(block)! }

    private func entry(_ block: Int) -> BlockEntry? {
        let start = block * IndexLayout.byteCount
        return bytes.withUnsafeBytes {
            BlockEntry.decode(
                UnsafeRawBufferPointer(rebasing: $0[start..<start + IndexLayout.byteCount]))
        }
    }

    /// The blocks fill their part of the file; riders ascend; each rider's blocks ascend in time
    /// and are full but for the last; amendments come last.
    private func defect(
        _ header: SegmentHeader, _ footer: SegmentFooter
    ) -> (Int, String)? {
        var offset = UInt64(HeaderLayout.byteCount)
        var rider = -1
        var lastMs = Int64.min
        var lastCount = SegmentFormat.blockCapacity
        var inAmendments = false
        for block in 0..<count {
            let entry = self[block]
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
            return (count - 1, "blocks or riders are missing from the index")
        }
        return nil
    }
}
