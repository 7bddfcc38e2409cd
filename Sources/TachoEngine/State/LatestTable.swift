import CTacho
import Synchronization
import TachoCodec
import TachoGeo

/// What readers see of a rider without asking anybody.
struct LatestRecord: BitwiseCopyable {
    private var flags: UInt64
    private var shownImage: FixImage
    private var newestImage: FixImage

    init(
        shown: FixImage, newest: FixImage, hasShown: Bool, hasNewest: Bool, newestIsShown: Bool
    ) {
        flags = (hasShown ? 1 : 0) | (hasNewest ? 2 : 0) | (newestIsShown ? Self.isNewestShown : 0)
        shownImage = shown
        newestImage = newest
    }

    /// The newest accepted or flagged fix.
    var shown: StoredFix? { flags & 1 != 0 ? shownImage.stored : nil }

    /// The same as it is stored.
    var shownRow: FixRow? { flags & 1 != 0 ? shownImage.row : nil }

    /// The newest fix of any effect.
    var newest: StoredFix? {
        guard flags & 2 != 0 else { return nil }
        return newestIsShown ? shownImage.stored : newestImage.stored
    }

    var newestIsShown: Bool { flags & Self.isNewestShown != 0 }

    /// The first word's bit for it.
    static let isNewestShown: UInt64 = 4

    /// Of a shown fix that is the newest.
    static let rowFlags: UInt64 = 1 | 2 | isNewestShown

    /// Words of the record that mean something when the newest fix is the one shown.
    static let firstWords = 1 + MemoryLayout<FixImage>.size / 8
}

/// The latest positions, published after their group is durable. One writer, any number of readers,
/// no locks: a record is a sequence count and its words, all atomic (a seqlock; Boehm, "Can
/// seqlocks get along with programming language memory models?", 2012).
///
/// 128 B a rider, of which the usual publication writes 64, in segments of 4,096 that appear when
/// needed and never move.
final class LatestTable: @unchecked Sendable {
    private typealias Word = Atomic<UInt64>
    private static let words = MemoryLayout<LatestRecord>.size / 8 + 1
    /// Two cache lines a rider; the usual publication stays in the first.
    private static let strideWords = 16
    private static let segmentRiders = 4096
    private static let maxSegments = 1 << 16

    private let segments: UnsafeMutablePointer<Atomic<UnsafeMutableRawPointer?>>
    private let segmentCount = Atomic<Int>(0)

    /// Memory in use.
    var bytes: Int {
        segmentCount.load(ordering: .relaxed) * Self.segmentRiders * Self.strideWords * 8
    }

    init() {
        segments = .allocate(capacity: Self.maxSegments)
        for index in 0..<Self.maxSegments {
            (segments + index).initialize(to: Atomic<UnsafeMutableRawPointer?>(nil))
        }
    }

    deinit {
        for index in 0..<Self.maxSegments {
            segments[index].load(ordering: .relaxed)?.deallocate()
        }
        segments.deallocate()
    }

    /// Called by the committer alone.
    func publish(_ record: LatestRecord, of rider: UInt32) {
        change(rider) { words in
            withUnsafeBytes(of: record) { raw in
                let count = record.newestIsShown ? LatestRecord.firstWords : Self.words - 1
                Self.store(raw, count, at: words + 1)
            }
        }
    }

    /// The same of a row alone, which is also the newest.
    @inline(__always)
    func publish(_ row: FixRow, of rider: UInt32) {
        change(rider) { words in
            words[1].store(LatestRecord.rowFlags, ordering: .relaxed)
            withUnsafeBytes(of: FixImage(row: row, extra: .none)) { raw in
                Self.store(raw, LatestRecord.firstWords - 1, at: words + 2)
            }
        }
    }

    /// Readers that meet `body` look again.
    @inline(__always)
    private func change(_ rider: UInt32, _ body: (UnsafeMutablePointer<Word>) -> Void) {
        let words = self.words(of: rider, create: true)!
        let count = words[0].load(ordering: .relaxed)
        words[0].store(count &+ 1, ordering: .relaxed)
        atomicMemoryFence(ordering: .releasing)
        body(words)
        words[0].store(count &+ 2, ordering: .releasing)
    }

    @inline(__always)
    private static func store(
        _ raw: UnsafeRawBufferPointer, _ count: Int, at words: UnsafeMutablePointer<Word>
    ) {
        for index in 0..<count {
            words[index].store(
                raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self),
                ordering: .relaxed)
        }
    }

    /// nil: nothing published. Never waits for more than one publication in progress.
    func read(_ rider: UInt32) -> LatestRecord? {
        guard let words = self.words(of: rider, create: false) else { return nil }
        while true {
            let before = words[0].load(ordering: .acquiring)
            if before == 0 { return nil }
            if before & 1 == 1 { continue }
            var copy = Self.empty
            // A torn first word is found out below, like any other.
            let isShort = words[1].load(ordering: .relaxed) & LatestRecord.isNewestShown != 0
            let end = isShort ? LatestRecord.firstWords + 1 : Self.words
            withUnsafeMutableBytes(of: &copy) { raw in
                for index in 1..<end {
                    raw.storeBytes(
                        of: words[index].load(ordering: .relaxed), toByteOffset: (index - 1) * 8,
                        as: UInt64.self)
                }
            }
            atomicMemoryFence(ordering: .acquiring)
            if words[0].load(ordering: .relaxed) == before { return copy }
        }
    }

    private static let empty = LatestRecord(
        shown: Slot.nothing, newest: Slot.nothing, hasShown: false, hasNewest: false,
        newestIsShown: false)

    /// Asks for the rider's line ahead of a look-up.
    @inline(__always)
    func prefetch(_ rider: UInt32) {
        if let words = words(of: rider, create: false) { tacho_prefetch_to_read(words) }
    }

    /// The same ahead of a publication.
    @inline(__always)
    func prefetchToPublish(_ rider: UInt32) {
        if let words = words(of: rider, create: false) { tacho_prefetch(words) }
    }

    private func words(of rider: UInt32, create: Bool) -> UnsafeMutablePointer<Word>? {
        let segment = Int(rider) / Self.segmentRiders
        precondition(segment < Self.maxSegments, "more riders than the latest table is built for")
        var base = segments[segment].load(ordering: .acquiring)
        if base == nil {
            guard create else { return nil }
            let count = Self.segmentRiders * Self.strideWords
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 64)
            let words = fresh.bindMemory(to: Word.self, capacity: count)
            for index in 0..<count { (words + index).initialize(to: Word(0)) }
            segments[segment].store(fresh, ordering: .releasing)
            segmentCount.add(1, ordering: .relaxed)
            base = fresh
        }
        return base!.assumingMemoryBound(to: Word.self)
            + Int(rider) % Self.segmentRiders * Self.strideWords
    }
}
