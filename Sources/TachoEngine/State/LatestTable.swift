import Synchronization
import TachoGeo

/// What readers see of a rider without asking anybody.
struct LatestRecord: BitwiseCopyable {
    var shown: StoredFix
    var newest: StoredFix
    var hasShown: Bool
    var hasNewest: Bool
}

/// The latest positions, published after their group is durable. One writer, any number of readers,
/// no locks: a record is a sequence count and its words, all atomic (a seqlock; Boehm, "Can
/// seqlocks get along with programming language memory models?", 2012).
///
/// 176 B a rider in segments of 4,096 that appear when needed and never move.
final class LatestTable: @unchecked Sendable {
    private typealias Word = Atomic<UInt64>
    private static let words = (MemoryLayout<LatestRecord>.size + 7) / 8 + 1
    private static let segmentRiders = 4096
    private static let maxSegments = 1 << 16

    private let segments: UnsafeMutablePointer<Atomic<UnsafeMutableRawPointer?>>

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
        let words = self.words(of: rider, create: true)!
        let count = words[0].load(ordering: .relaxed)
        words[0].store(count &+ 1, ordering: .relaxed)
        atomicMemoryFence(ordering: .releasing)
        withUnsafeBytes(of: record) { raw in
            for index in 1..<Self.words {
                words[index].store(Self.word(raw, (index - 1) * 8), ordering: .relaxed)
            }
        }
        words[0].store(count &+ 2, ordering: .releasing)
    }

    /// nil: nothing published. Never waits for more than one publication in progress.
    func read(_ rider: UInt32) -> LatestRecord? {
        guard let words = self.words(of: rider, create: false) else { return nil }
        while true {
            let before = words[0].load(ordering: .acquiring)
            if before == 0 { return nil }
            if before & 1 == 1 { continue }
            var copy:
                (
                    UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64,
                    UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64,
                    UInt64, UInt64, UInt64, UInt64
                ) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
            let record = withUnsafeMutableBytes(of: &copy) { raw in
                for index in 1..<Self.words {
                    raw.storeBytes(
                        of: words[index].load(ordering: .relaxed), toByteOffset: (index - 1) * 8,
                        as: UInt64.self)
                }
                return raw.load(as: LatestRecord.self)
            }
            atomicMemoryFence(ordering: .acquiring)
            if words[0].load(ordering: .relaxed) == before { return record }
        }
    }

    /// The word at `offset`, the last one padded with zeros.
    @inline(__always)
    private static func word(_ raw: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        if offset + 8 <= raw.count {
            return raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        var value: UInt64 = 0
        for index in offset..<raw.count {
            value |= UInt64(raw[index]) << UInt64((index - offset) * 8)
        }
        return value
    }

    private func words(of rider: UInt32, create: Bool) -> UnsafeMutablePointer<Word>? {
        let segment = Int(rider) / Self.segmentRiders
        precondition(segment < Self.maxSegments, "more riders than the latest table is built for")
        var base = segments[segment].load(ordering: .acquiring)
        if base == nil {
            guard create else { return nil }
            let count = Self.segmentRiders * Self.words
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 64)
            let words = fresh.bindMemory(to: Word.self, capacity: count)
            for index in 0..<count { (words + index).initialize(to: Word(0)) }
            segments[segment].store(fresh, ordering: .releasing)
            base = fresh
        }
        return base!.assumingMemoryBound(to: Word.self)
            + Int(rider) % Self.segmentRiders * Self.words
    }
}
