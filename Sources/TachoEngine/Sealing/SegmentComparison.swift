import TachoAudit
import TachoCodec
import TachoGeo

/// Compares a segment that is there already, from before a kill, with what the store has, fix by fix and
/// record by record: the program that wrote it may have been an older one, whose bytes need not be those
/// that would be written now.
///
/// What it is given must come in the order of segments; the first difference is kept. Memory: the
/// segment's index and names, one block.
struct SegmentComparison: SegmentTaker, ~Copyable {
    private let segment: SegmentReader
    private var nextRider = 0
    private var nextRecordBlock: Int
    private var records: ArraySlice<AuditRecord> = []
    private var columns = ChunkColumns(capacity: SegmentFormat.blockCapacity)
    private var buffer: [UInt8] = []
    /// What cannot be read of the segment, or is other than in the store.
    private var difference: String?

    init(_ segment: SegmentReader) {
        self.segment = segment
        nextRecordBlock = segment.amendmentBlocks.lowerBound
    }

    mutating func add(
        rider name: [UInt8], fixes: UnsafeBufferPointer<StoredFix>,
        arrivals: UnsafeBufferPointer<UInt32>
    ) throws(SegmentWriteError) {
        guard difference == nil else { return }
        guard nextRider < segment.riderCount, segment.names.name(nextRider) == name else {
            return differs("it has no fixes of rider \(Self.text(name)), the database has")
        }
        var place = 0
        for block in segment.blocks(ofRider: nextRider) {
            do throws(SegmentError) {
                try segment.readFixes(block: block, buffer: &buffer, into: &columns)
            } catch {
                return differs("block \(block): \(error.detail)")
            }
            guard columns.at.holdsSame(columns.count, as: fixes, arrivals, from: place) else {
                return differs("its fixes of rider \(Self.text(name)) are not those stored")
            }
            place += columns.count
        }
        if place != fixes.count {
            differs(
                "it has \(place) fixes of rider \(Self.text(name)), the database "
                    + "\(fixes.count)")
        }
        nextRider += 1
    }

    mutating func add(
        amendment: Amendment, riderName: [UInt8]
    ) throws(SegmentWriteError) {
        guard difference == nil else { return }
        let what =
            "its amendment of sequence \(amendment.sequence) for rider "
            + "\(Self.text(riderName)) is not the one stored"
        guard case .amendment(var found)? = nextRecord(),
            Int(found.rider) < segment.names.count,
            segment.names.name(Int(found.rider)) == riderName
        else { return differs(what) }
        found.rider = amendment.rider
        if found != amendment { differs(what) }
    }

    mutating func add(
        acceptedLoss interval: ClosedRange<UInt64>, ruleSet: UInt16
    ) throws(SegmentWriteError) {
        guard difference == nil else { return }
        guard nextRecord() == .acceptedLoss(interval, ruleSet: ruleSet) else {
            return differs(
                "it does not have the accepted loss of \(interval.lowerBound)-"
                    + "\(interval.upperBound)")
        }
    }

    private mutating func nextRecord() -> AuditRecord? {
        if records.isEmpty, segment.amendmentBlocks.contains(nextRecordBlock) {
            do throws(SegmentError) {
                records = try segment.readRecords(block: nextRecordBlock)[...]
            } catch {
                differs("block \(nextRecordBlock): \(error.detail)")
            }
            nextRecordBlock += 1
        }
        return records.popFirst()
    }

    /// The first difference; nil: the segment holds what was given and nothing else.
    consuming func finish() -> String? {
        if let difference { return difference }
        if nextRider < segment.riderCount {
            return
                "it has fixes of rider \(Self.text(segment.names.name(nextRider))), the database "
                + "has none"
        }
        if !records.isEmpty || segment.amendmentBlocks.contains(nextRecordBlock) {
            return "it has more amendments than the database"
        }
        return nil
    }

    private mutating func differs(_ what: String) { difference = difference ?? what }

    private static func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }
}
