import Synchronization
import TachoAudit
import TachoCodec
import TachoStore

/// A block of a sealed segment as it was decoded; never changed.
final class ShelvedBlock: @unchecked Sendable {
    let columns: ChunkColumns

    init(_ columns: consuming ChunkColumns) { self.columns = columns }

    /// With the decoder's scratch space.
    var bytes: Int { columns.capacity * 111 }
}

/// Reads blocks of sealed segments for everybody who reads tracks, and keeps those that were read
/// last, within a bound: a rider's year is read block by block in order, and a backlog that is sent
/// again asks for the same block a thousand times.
///
/// Files stay open, a bounded number of them; nothing is opened before it is asked for. What turns
/// out wrong with a file lets go of it, so that one put back from a copy is read at once.
final class SegmentShelf: Sendable {
    private struct Name: Hashable {
        var segment: UInt32
        var block: UInt32
    }

    private struct Kept<Value> {
        var value: Value
        /// Of the last use, counted.
        var use: UInt64
    }

    private struct State {
        var blocks: [Name: Kept<ShelvedBlock>] = [:]
        var files: [UInt32: Kept<SegmentSource>] = [:]
        var bytes = 0
        var uses: UInt64 = 0
    }

    private let directory: String
    private let limitBytes: Int
    private let state = Mutex(State())

    static let limitBytes = 16 << 20
    private static let maxFiles = 64

    /// `directory`: of the segments.
    init(directory: String, limitBytes: Int = SegmentShelf.limitBytes) {
        self.directory = directory
        self.limitBytes = limitBytes
    }

    /// What blocks take in memory.
    var bytes: Int { state.withLock { $0.bytes } }

    /// Lets go of all that is only kept for speed.
    func forget() {
        state.withLock { $0 = State() }
    }

    /// The block that a reference of a range names. Any thread; two that ask for the same one at once
    /// may both read it.
    /// Cost: a look-up; otherwise one read of the file and some 40 ns a fix of the block.
    func block(_ reference: SegmentReference, range: UInt32) throws(StoreError) -> ShelvedBlock {
        let name = Name(segment: range, block: reference.block)
        if let known = known(name) { return known }
        do throws(SegmentError) {
            let source = try source(range)
            var columns = ChunkColumns()
            var buffer: [UInt8] = []
            try SealedBlock(
                segmentID: UInt64(range), block: reference.block, offset: reference.offset,
                storedBytes: reference.storedBytes, count: reference.blockCount,
                leaf: reference.leaf
            ).read(from: source, buffer: &buffer, into: &columns)
            let block = ShelvedBlock(columns)
            keep(block, name)
            return block
        } catch {
            state.withLock { $0.files[range] = nil }
            throw .segment(Self.message(error, range, reference))
        }
    }

    private func known(_ name: Name) -> ShelvedBlock? {
        state.withLock { state in
            state.uses += 1
            guard let kept = state.blocks[name] else { return nil }
            state.blocks[name]!.use = state.uses
            return kept.value
        }
    }

    private func source(_ range: UInt32) throws(SegmentError) -> SegmentSource {
        let open = state.withLock { state -> SegmentSource? in
            guard let kept = state.files[range] else { return nil }
            state.files[range]!.use = state.uses
            return kept.value
        }
        if let open { return open }
        let path = directory + "/" + AuditDirectory.fileName(UInt64(range))
        let source = try SegmentSource(path: path)
        let header = try SegmentReader.header(of: source)
        guard header.interval.segmentID == UInt64(range) else {
            throw SegmentError(.headerContent, "it is segment \(header.interval.segmentID)")
        }
        state.withLock { state in
            state.files[range] = Kept(value: source, use: state.uses)
            if state.files.count > Self.maxFiles {
                let oldest = state.files.min { $0.value.use < $1.value.use }
                if let oldest { state.files[oldest.key] = nil }
            }
        }
        return source
    }

    private func keep(_ block: ShelvedBlock, _ name: Name) {
        state.withLock { state in
            if let same = state.blocks[name] { state.bytes -= same.value.bytes }
            state.blocks[name] = Kept(value: block, use: state.uses)
            state.bytes += block.bytes
            while state.bytes > limitBytes, state.blocks.count > 1 {
                // A few hundred at most, and only where a block was read from its file.
                guard let oldest = state.blocks.min(by: { $0.value.use < $1.value.use }) else {
                    return
                }
                state.blocks[oldest.key] = nil
                state.bytes -= oldest.value.value.bytes
            }
        }
    }

    private static func message(
        _ error: SegmentError, _ range: UInt32, _ reference: SegmentReference
    ) -> String {
        let bytes = reference.offset..<reference.offset + UInt64(reference.storedBytes)
        return "audit/\(AuditDirectory.fileName(UInt64(range))): block \(reference.block), bytes "
            + "\(bytes.lowerBound)-\(bytes.upperBound): \(error.detail); its points are nowhere "
            + "else: put the file back from a copy with the same SHA-256"
    }
}
