package import TachoGeo

/// What one rule says about one fix: codes to add, and the least effect they ask for.
package struct Finding: Sendable, BitwiseCopyable {
    package var codes: UInt64
    package var effect: Effect

    package static let nothing = Finding(codes: 0, effect: .accept)

    @inline(__always)
    static func when(_ hit: Bool, _ code: Code, _ effect: Effect) -> Finding {
        hit ? Finding(codes: code.bit, effect: effect) : .nothing
    }

    /// What codes outside the chain amount to.
    @inline(__always)
    package static func of(_ codes: UInt64) -> Finding {
        Finding(codes: codes, effect: codes == 0 ? .accept : RuleSet.effect(codes: codes))
    }

    @inline(__always)
    package mutating func merge(_ other: Finding) {
        codes |= other.codes
        if other.effect > effect { effect = other.effect }
    }
}

extension Verdict {
    /// What a further rule found of the fix.
    @inline(__always)
    package mutating func add(_ finding: Finding) {
        codes |= finding.codes
        if finding.effect > effect { effect = finding.effect }
    }
}

extension Code {
    /// The code's bit, or none: rules about motion only name codes, the effect follows from them.
    @inline(__always)
    func bit(if hit: Bool) -> UInt64 { hit ? bit : 0 }
}
