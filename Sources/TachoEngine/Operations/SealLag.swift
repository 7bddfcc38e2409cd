/// How long the oldest point that is not sealed has been waiting. A value of the ticker's.
///
/// A point's own receipt is not looked up for it: the ticker notes once a second up to where points
/// had come, and forgets what was sealed. Where the notes would be too many, every second one goes,
/// so the answer is too long by less than a sixtieth of what it is.
struct SealLag {
    private var marks: [(through: UInt64, atMs: Int64)] = []

    static let maxMarks = 256

    /// `atMs`: of a clock that nobody sets. What came before the start counts from the start on.
    mutating func look(last: UInt64, sealedThrough: UInt64, atMs: Int64) -> Int64 {
        if last > (marks.last?.through ?? sealedThrough) { marks.append((last, atMs)) }
        let done = marks.prefix { $0.through <= sealedThrough }.count
        if done > 0 { marks.removeFirst(done) }
        if marks.count > Self.maxMarks { thin() }
        return marks.first.map { max(0, atMs - $0.atMs) } ?? 0
    }

    /// Of two neighbours the later number stays with the earlier time.
    private mutating func thin() {
        var kept: [(through: UInt64, atMs: Int64)] = []
        for index in stride(from: 0, to: marks.count, by: 2) {
            let next = min(index + 1, marks.count - 1)
            kept.append((marks[next].through, marks[index].atMs))
        }
        marks = kept
    }
}
