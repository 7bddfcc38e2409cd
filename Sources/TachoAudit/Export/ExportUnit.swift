import TachoCodec
import TachoGeo

/// Some blocks of one segment, in order: what one thread turns into text at a time.
struct ExportUnit: @unchecked Sendable {
    struct Step {
        /// The rider's index in the segment.
        var rider: Int
        var block: Int
        /// Fixes of the block before this one are not asked for.
        var firstIndex: Int
        /// Fixes in the block.
        var count: Int
        /// Event times of the block.
        var tsBounds: TimeBounds
        /// Of the rider, if some of them lie in the block. They count what goes by, which is why the
        /// steps that have them must go by in order, one after another.
        var amendments: RiderAmendments?
    }

    /// Units are numbered from 0 without gaps, in the order of their rows.
    let number: UInt64
    let fileName: String
    let segment: ExportSegment
    var steps: [Step] = []
    /// Has amendments: may be read only when all before were.
    var isOrdered = false
    var points = 0
    /// How much of the export is done behind it, in blocks of segments.
    var blocksDone: UInt64 = 0
    /// Ends the export: the segment could not be opened.
    var failure: ExportError?
}

/// A segment read whole, or only some riders of it.
enum ExportSegment: Sendable {
    case whole(SegmentReader)
    case riders(SegmentGlance)
    /// None: it could not be opened.
    case none

    var header: SegmentHeader {
        switch self {
        case .whole(let reader): reader.header
        case .riders(let glance): glance.header
        case .none: preconditionFailure("a segment that was not opened is not read")
        }
    }

    func name(_ rider: Int) throws(SegmentError) -> [UInt8] {
        switch self {
        case .whole(let reader): reader.names.name(rider)
        case .riders(let glance): try glance.names.name(rider)
        case .none: []
        }
    }

    func blocks(ofRider rider: Int) throws(SegmentError) -> Range<Int> {
        switch self {
        case .whole(let reader): reader.blocks(ofRider: rider)
        case .riders(let glance): try glance.blocks(ofRider: rider)
        case .none: 0..<0
        }
    }

    func entry(_ block: Int) throws(SegmentError) -> BlockEntry {
        switch self {
        case .whole(let reader): reader.index[block]
        case .riders(let glance): try glance.entry(block)
        case .none: preconditionFailure("a segment that was not opened is not read")
        }
    }

    func readFixes(
        block: Int, buffer: inout [UInt8], into columns: inout ChunkColumns
    ) throws(SegmentError) {
        switch self {
        case .whole(let reader):
            try reader.readFixes(block: block, buffer: &buffer, into: &columns)
        case .riders(let glance):
            try glance.readFixes(block: block, buffer: &buffer, into: &columns)
        case .none: break
        }
    }
}
