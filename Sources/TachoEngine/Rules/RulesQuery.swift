import TachoGeo
package import TachoIngest

/// Which stored history is judged again, and by what.
package struct RulesQuery: Sendable {
    /// Times of the fixes whose verdicts are looked at: from the first on, up to before the second.
    package var fromMs: Int64
    package var toMs: Int64
    /// Empty: all.
    package var riders: [[UInt8]] = []
    /// History so long before `fromMs`, and behind `toMs`, is replayed too; nil: all of it, so that
    /// what rules remember is what it was.
    package var leadInMs: Int64?
    /// At most so many riders in one call; nil: all.
    package var maxRiders: Int?
    /// Goes on where an earlier call stopped.
    package var cursor = 0

    package init(fromMs: Int64, toMs: Int64) {
        self.fromMs = fromMs
        self.toMs = toMs
    }
}

/// What is done with verdicts that come out differently.
package enum RulesReplayMode: Sendable {
    /// Nothing: they are only told. The changes are those of the set in force.
    case test(RuleChange)
    /// The set in force decides, and differences are appended as amendments.
    case recompute
}

/// Why one rider's history is not replayed whole.
enum RulesLimits {
    /// Fixes of one rider in memory, about 130 B each.
    static let maxFixes = 1 << 20
    /// Examples in a report: riders, and fixes of each.
    static let exampleRiders = 20
    static let examplesPerRider = 3
}

/// A stored fix whose verdict comes out differently.
struct VerdictChange: Hashable, Sendable {
    var tsMs: Int64
    var ordinal: UInt16
    var before: Verdict
    var after: Verdict

    /// Not only the judge's own mark is another.
    var isVisible: Bool { before.codes != after.codes || before.effect != after.effect }
}

/// What a replay came to, summed over riders.
package struct RulesReport: Sendable {
    /// Verdicts that get a code, and that lose it.
    package struct CodeCount: Hashable, Sendable {
        package var added = 0
        package var removed = 0
    }

    package struct Example: Sendable {
        package var tsMs: Int64
        package var before: String
        package var after: String
    }

    package struct RiderExamples: Sendable {
        package var rider: String
        package var changed: Int
        package var fixes: [Example]
    }

    /// Of the set that judged; in a test, the one that would be.
    package var revision: UInt64
    /// Riders and fixes that were looked at.
    package var riders = 0
    package var fixes = 0
    /// Verdicts that come out differently, and riders that have some.
    package var changed = 0
    package var ridersChanged = 0
    /// Fixes left alone because their fate is still open.
    package var undecided = 0
    /// By code number.
    package var codes: [UInt8: CodeCount] = [:]
    package var examples: [RiderExamples] = []
    /// Where the next call goes on; nil: this was all.
    package var next: Int?
    /// Riders there are in all, for progress.
    package var ridersInAll = 0

    init(revision: UInt64) { self.revision = revision }

    mutating func add(_ rider: [UInt8], _ result: RiderReplayResult) {
        riders += 1
        fixes += result.fixes
        undecided += result.undecided
        let visible = result.changes.filter(\.isVisible)
        guard !visible.isEmpty else { return }
        changed += visible.count
        ridersChanged += 1
        for change in visible {
            count(change.after.codes & ~change.before.codes, added: 1)
            count(change.before.codes & ~change.after.codes, added: 0)
        }
        guard examples.count < RulesLimits.exampleRiders else { return }
        let some = visible.prefix(RulesLimits.examplesPerRider).map {
            Example(tsMs: $0.tsMs, before: $0.before.text, after: $0.after.text)
        }
        examples.append(
            RiderExamples(
                rider: String(decoding: rider, as: UTF8.self), changed: visible.count, fixes: some)
        )
    }

    private mutating func count(_ bits: UInt64, added: Int) {
        var rest = bits
        while rest != 0 {
            let number = UInt8(rest.trailingZeroBitCount)
            rest &= rest - 1
            codes[number, default: CodeCount()].added += added
            codes[number]!.removed += 1 - added
        }
    }
}

/// What a replay of one rider came to.
struct RiderReplayResult: Sendable {
    var fixes = 0
    var undecided = 0
    var changes: [VerdictChange] = []
}
