import Dispatch

/// A segment from front to back, each byte read once: what is hashed is what was looked at, so a
/// file that changes meanwhile cannot show one content to the hash and another to the check.
///
/// Two buffers take turns. While blocks in one are looked at, its bytes are hashed, on a thread of
/// their own if asked for; what a block began in it is carried into the other. Where the file cannot
/// be read the hash ends, and each later block is tried by itself. Memory: twice 1 MiB and the
/// longest block.
struct SegmentPass: ~Copyable {
    private let source: SegmentSource
    /// Bytes behind it are not for the pass.
    private let limit: UInt64
    private let digest: PieceDigest
    /// Raw memory, because a piece is read by two threads while it is in neither's variables; freed
    /// when the last piece is hashed.
    private var buffers: [UnsafeMutableRawBufferPointer] = [
        .init(start: nil, count: 0), .init(start: nil, count: 0),
    ]
    private var current = 0
    /// What `buffers[current]` holds, bytes of the file.
    private var window: Range<UInt64>
    /// Why the file was not read to the end.
    private(set) var failure: SegmentError?

    /// `head`: the first bytes of the file, which have been read already; the pass goes on behind.
    init(_ source: SegmentSource, behind head: [UInt8], to limit: UInt64, hashesBeside: Bool) {
        self.source = source
        self.limit = limit
        digest = PieceDigest(isBeside: hashesBeside)
        window = UInt64(head.count)..<UInt64(head.count)
        digest.update(head)
    }

    deinit {
        digest.wait()
        for buffer in buffers { buffer.deallocate() }
    }

    /// The bytes of `range`, good until the next call. Ranges start where an earlier one started or
    /// ended, or further back than none did.
    mutating func bytes(_ range: Range<UInt64>) throws(SegmentError) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= window.lowerBound && range.upperBound <= limit)
        if range.upperBound > window.upperBound && failure == nil {
            do throws(SegmentError) {
                try advance(from: range.lowerBound, over: range.upperBound)
            } catch {
                failure = error
            }
        }
        guard range.upperBound <= window.upperBound else { return try alone(range) }
        let start = Int(range.lowerBound - window.lowerBound)
        return UnsafeRawBufferPointer(rebasing: buffers[current][start..<start + range.count])
    }

    /// Reads what is left and hashes it, then what lies behind the pass and was read before. Gives
    /// the hash that the footer states, and that of the whole file; nil when some could not be read.
    mutating func finish(
        sections: [[UInt8]], footer: [UInt8]
    ) -> (covered: [UInt8], all: [UInt8])? {
        while window.upperBound < limit && failure == nil {
            let end = window.upperBound
            do throws(SegmentError) {
                try advance(from: end, over: end + 1)
            } catch {
                failure = error
            }
        }
        digest.wait()
        guard failure == nil else { return nil }
        for section in sections { digest.update(section) }
        let place = FooterLayout.sha256.offset
        digest.update(Array(footer[..<place]))
        let covered = digest.value()
        digest.update(Array(footer[place...]))
        return (covered, digest.value())
    }

    /// Goes on to the piece that holds the byte before `end`, keeping what is there from `start` on.
    private mutating func advance(from start: UInt64, over end: UInt64) throws(SegmentError) {
        let kept = Int(window.upperBound - start)
        // Pieces end where pages do.
        let piece = UInt64(SegmentSource.pieceBytes)
        let wanted = max(end, (window.upperBound / piece + 1) * piece)
        let fresh = Int(min(wanted, limit) - window.upperBound)
        let next = 1 - current
        digest.reserve()
        grow(next, to: kept + fresh)
        let target = buffers[next]
        let held = UnsafeRawBufferPointer(buffers[current])
        if kept > 0 {
            let from = Int(start - window.lowerBound)
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: held[from..<from + kept]))
        }
        let part = UnsafeMutableRawBufferPointer(rebasing: target[kept..<kept + fresh])
        try source.read(into: part, at: window.upperBound)
        digest.update(UnsafeRawBufferPointer(part))
        window = start..<window.upperBound + UInt64(fresh)
        current = next
    }

    /// Reads only this, into the buffer that is not looked at.
    private mutating func alone(_ range: Range<UInt64>) throws(SegmentError)
        -> UnsafeRawBufferPointer
    {
        digest.wait()
        grow(1 - current, to: range.count)
        let target = UnsafeMutableRawBufferPointer(
            rebasing: buffers[1 - current][..<range.count])
        try source.read(into: target, at: range.lowerBound)
        return UnsafeRawBufferPointer(target)
    }

    private mutating func grow(_ buffer: Int, to count: Int) {
        guard buffers[buffer].count < count else { return }
        buffers[buffer].deallocate()
        buffers[buffer] = .allocate(byteCount: count, alignment: 64)
    }
}

/// The SHA-256 of pieces in their order, on the caller's thread or beside it. Beside it, at most two
/// pieces are under way.
private final class PieceDigest: @unchecked Sendable {
    /// Touched by one thread at a time: the queue's, and the caller's after `wait`.
    private var digest = RunningDigest()
    private let queue: DispatchQueue?
    private let done = DispatchSemaphore(value: 0)
    private var handedOver = 0

    init(isBeside: Bool) { queue = isBeside ? DispatchQueue(label: "tacho.hash") : nil }

    /// Waits until at most one piece is under way: that before it may be written over.
    func reserve() { if queue != nil && handedOver > 1 { done.wait() } }

    /// The bytes stay as they are until `reserve` was called twice, or `wait`.
    func update(_ piece: UnsafeRawBufferPointer) {
        guard let queue else { return digest.update(piece) }
        handedOver += 1
        nonisolated(unsafe) let piece = piece
        queue.async {
            self.digest.update(piece)
            self.done.signal()
        }
    }

    /// For the ends of the file, while nothing is under way.
    func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { digest.update($0) } }

    func wait() { queue?.sync {} }

    func value() -> [UInt8] { digest.value() }
}
