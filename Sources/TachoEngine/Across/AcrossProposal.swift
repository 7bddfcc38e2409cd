import TachoCodec
import TachoStore

/// Two ways were found alike at a fix of each: the judge of the first rider is to compare them.
struct AcrossProposal: Hashable, Sendable, BitwiseCopyable {
    /// Proposals are counted in the order of the journal, so that a start knows which were judged.
    var number: UInt64
    var rider: UInt32
    var tsMs: Int64
    /// The rider, or another time of the same one, that it is compared with.
    var other: UInt32
    var otherMs: Int64
}

/// A row that is written together with a checkpoint's mark; without a value it is taken out.
struct StateRow: Sendable {
    var family: Family
    var key: [UInt8]
    var value: [UInt8]?
}
