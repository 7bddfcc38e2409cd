import TachoGeo

/// The second pass of an export as a sequence of units: which blocks are to be read, in order.
///
/// Blocks whose times cannot matter are left out. Blocks that are not asked for but hold fixes of
/// an amended time are read all the same, because amendments name a fix by its number among those of its time.
struct ExportFeed {
    private let plan: ExportPlan
    private let query: ExportQuery
    /// The segment in work, and what is left of it.
    private var segment = ExportSegment.none
    private var place = -1
    private var riders: [Int] = []
    private var nextRider = 0
    private var blocks = 0..<0
    private var rider = 0
    private var amendments: RiderAmendments?
    private var waiting: ExportUnit.Step?
    private var number: UInt64 = 0
    private var isEnded = false
    /// Blocks of all segments before the one in work.
    private var blocksBefore: UInt64 = 0

    /// Fixes of a unit, unless a block has more: text of about a megabyte.
    static let unitPoints = 8_192

    init(_ plan: ExportPlan, _ query: ExportQuery) {
        self.plan = plan
        self.query = query
    }

    /// Blocks of all segments.
    var blockCount: UInt64 { plan.segments.reduce(0) { $0 + UInt64($1.header.blocks) } }

    /// nil at the end, and behind a unit that ends the export; then for ever.
    mutating func next() -> ExportUnit? {
        if isEnded { return nil }
        do throws(ExportError) {
            while true {
                if let unit = try nextOfSegment() {
                    number += 1
                    return unit
                }
                guard try openNext() else {
                    isEnded = true
                    return nil
                }
            }
        } catch {
            isEnded = true
            var unit = ExportUnit(number: number, fileName: "", segment: .none)
            unit.failure = error
            return unit
        }
    }

    private mutating func nextOfSegment() throws(ExportError) -> ExportUnit? {
        guard place >= 0 else { return nil }
        let entry = plan.segments[place].entry
        var unit = ExportUnit(number: number, fileName: entry.fileName, segment: segment)
        while let step = try ExportPlan.attempt(
            entry,
            { () throws(SegmentError) in
                try peek()
            })
        {
            let isOrdered = step.amendments != nil
            if unit.steps.isEmpty {
                unit.isOrdered = isOrdered
            } else if isOrdered != unit.isOrdered || unit.points + step.count > Self.unitPoints {
                break
            }
            unit.steps.append(step)
            unit.points += step.count
            waiting = nil
        }
        guard let last = unit.steps.last else { return nil }
        unit.blocksDone = blocksBefore + UInt64(last.block) + 1
        return unit
    }

    private mutating func openNext() throws(ExportError) -> Bool {
        if place >= 0 { blocksBefore += UInt64(plan.segments[place].header.blocks) }
        place += 1
        while place < plan.segments.count {
            let segment = plan.segments[place]
            if mayMatter(segment) {
                try open(segment)
                return true
            }
            blocksBefore += UInt64(segment.header.blocks)
            place += 1
        }
        place = -1
        segment = .none
        return false
    }

    /// Segments outside the query still count when ordinals of amended times depend on them.
    private func mayMatter(_ segment: ExportPlan.Segment) -> Bool {
        let header = segment.header
        guard header.points > 0, segment.riders?.isEmpty != true else { return false }
        if !plan.overlay.isEmpty { return true }
        if let after = query.after, header.interval.segmentID < after.segment { return false }
        return header.tsBounds.overlaps(query.tsMs) && header.recvBounds.overlaps(query.recvMs)
    }

    private mutating func open(_ planned: ExportPlan.Segment) throws(ExportError) {
        segment = try ExportPlan.attempt(planned.entry) { () throws(SegmentError) in
            let source = try SegmentSource(path: planned.entry.path)
            guard planned.riders != nil else { return .whole(try SegmentReader(source: source)) }
            let header = try SegmentReader.header(of: source)
            let footer = try SegmentReader.footer(of: source, header)
            let names = try SegmentNames(source, header, footer)
            return .riders(try SegmentGlance(source, header, footer, names: names))
        }
        guard segment.header == planned.header else {
            throw .directory(
                Finding(
                    .changed, file: planned.entry.fileName,
                    "it became another file while it was exported"))
        }
        riders = planned.riders ?? Array(0..<Int(planned.header.riders))
        nextRider = 0
        blocks = 0..<0
        waiting = nil
    }

    /// The next block to read; it stays the next until `waiting` is taken.
    private mutating func peek() throws(SegmentError) -> ExportUnit.Step? {
        if let waiting { return waiting }
        while true {
            while let block = blocks.popFirst() {
                let entry = try segment.entry(block)
                let firstIndex = firstIndex(block, entry)
                let touched = amendments?.touches(entry.tsBounds) == true ? amendments : nil
                guard firstIndex < Int(entry.count) || touched != nil else { continue }
                let step = ExportUnit.Step(
                    rider: rider, block: block, firstIndex: firstIndex, count: Int(entry.count),
                    tsBounds: entry.tsBounds, amendments: touched)
                waiting = step
                return step
            }
            guard nextRider < riders.count else { return nil }
            rider = riders[nextRider]
            nextRider += 1
            blocks = try segment.blocks(ofRider: rider)
            amendments =
                plan.overlay.isEmpty ? nil : plan.overlay.amendments(of: try segment.name(rider))
        }
    }

    /// The first fix of the block that is asked for, as far as its times and the cursor say; their
    /// number when none is.
    private func firstIndex(_ block: Int, _ entry: BlockEntry) -> Int {
        let none = Int(entry.count)
        let header = segment.header
        guard header.recvBounds.overlaps(query.recvMs), entry.tsBounds.overlaps(query.tsMs) else {
            return none
        }
        guard let after = query.after else { return 0 }
        let place = (header.interval.segmentID, block)
        if place > (after.segment, after.block) { return 0 }
        return place == (after.segment, after.block) ? after.index + 1 : none
    }
}

extension Range where Bound == Int {
    fileprivate mutating func popFirst() -> Int? {
        guard !isEmpty else { return nil }
        defer { self = (lowerBound + 1)..<upperBound }
        return lowerBound
    }
}
