import Synchronization
import TachoGeo

/// How many fixes one judging thread gave which verdict, since the start. Written by that thread alone,
/// read by anybody: plain loads and stores, and of a fix that is `ok` nothing but its share of a sum
/// that is made once a part.
final class VerdictTally: @unchecked Sendable {
    private typealias Word = Atomic<UInt64>
    /// 64 codes, 4 effects, and fixes without a code.
    private let words: UnsafeMutablePointer<Word>
    private static let effectsAt = 64
    private static let okAt = 68
    private static let count = 69

    init() {
        words = .allocate(capacity: Self.count)
        for index in 0..<Self.count { (words + index).initialize(to: Word(0)) }
    }

    deinit {
        words.deinitialize(count: Self.count)
        words.deallocate()
    }

    private func add(_ amount: UInt64, at index: Int) {
        let sum = words[index].load(ordering: .relaxed) &+ amount
        words[index].store(sum, ordering: .relaxed)
    }

    /// A fix with a code. Cost: 2 ns and 1 ns a code.
    func note(_ verdict: Verdict) {
        var codes = verdict.codes
        while codes != 0 {
            add(1, at: codes.trailingZeroBitCount)
            codes &= codes &- 1
        }
        add(1, at: Self.effectsAt + Int(verdict.effect.rawValue))
    }

    func note(ok count: Int) { if count > 0 { add(UInt64(count), at: Self.okAt) } }

    func add(to figures: inout VerdictFigures) {
        for code in 0..<64 { figures.byCode[code] += words[code].load(ordering: .relaxed) }
        for effect in 0..<4 {
            figures.byEffect[effect] += words[Self.effectsAt + effect].load(ordering: .relaxed)
        }
        let ok = words[Self.okAt].load(ordering: .relaxed)
        figures.ok += ok
        figures.byEffect[Int(Effect.accept.rawValue)] += ok
    }
}

/// Verdicts of fixes as they were judged since the start; later changes are amendments.
package struct VerdictFigures: Sendable, Equatable {
    /// Fixes without a code.
    package internal(set) var ok: UInt64 = 0
    /// By `Code.rawValue`; a fix with two codes counts for both.
    package internal(set) var byCode = [UInt64](repeating: 0, count: 64)
    /// By `Effect.rawValue`; each fix counts once.
    package internal(set) var byEffect = [UInt64](repeating: 0, count: 4)
}
