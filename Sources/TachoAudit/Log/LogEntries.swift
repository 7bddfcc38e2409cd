/// The entries of a log as read, each checked against the one before.
struct LogEntries {
    /// Of segments, ascending by id, with their places in the log.
    private(set) var segments: [(index: UInt64, entry: SegmentEntry)] = []
    private(set) var keys = KeyChain()
    /// Why the first entry that is refused is refused; nothing behind it is read.
    private(set) var failure: LogError?
    private var lastLeaf = Digest.none
    private var partition: UInt32?
    /// The last segment before those read here.
    private var before: SegmentEntry?

    init() {}

    /// To go on behind entries that are known: the last one with its leaf hash, and the last that
    /// is of a segment.
    init(after last: LogEntry, leaf: [UInt8], segment: SegmentEntry?) {
        lastLeaf = leaf
        partition = last.partition
        before = segment
    }

    /// Reads the next entry.
    mutating func add(_ bytes: [UInt8], leaf: [UInt8], index: UInt64) {
        guard failure == nil else { return }
        do throws(LogError) {
            let entry = try LogReader.parse(bytes, index)
            guard entry.previous == lastLeaf else {
                throw refusal(.entryChain, index, "does not name the entry before it")
            }
            guard partition == nil || entry.partition == partition else {
                throw refusal(.otherPartition, index, "is of partition \(entry.partition)")
            }
            switch entry {
            case .segment(let segment): try add(segment, index)
            case .keyRotation(let rotation): try keys.add(rotation, at: index)
            }
            partition = entry.partition
            lastLeaf = leaf
        } catch {
            failure = error
        }
    }

    /// The entry of the last segment so far.
    var lastSegment: SegmentEntry? { segments.last?.entry ?? before }

    private mutating func add(_ segment: SegmentEntry, _ index: UInt64) throws(LogError) {
        let before = lastSegment
        let id = (before?.segmentID ?? 0) + 1
        guard segment.segmentID == id else {
            throw refusal(.entryChain, index, "is of segment \(segment.segmentID), not \(id)")
        }
        let first = (before?.lastSequence ?? 0) + 1
        guard segment.firstSequence == first else {
            throw refusal(
                .entryChain, index, "starts at sequence \(segment.firstSequence), not \(first)")
        }
        segments.append((index, segment))
    }

    private func refusal(_ code: LogError.Code, _ index: UInt64, _ what: String) -> LogError {
        LogError(code, file: LogReader.bundleName(index), "entry \(index) \(what)")
    }
}
