import TachoGeo

/// The order of amendments: by cause in time, then by what they name. A loss names nobody, which
/// puts it before amendments of its sequence.
struct AmendmentKey: Comparable {
    var sequence: UInt64
    var rider: [UInt8]
    var tsMs: Int64
    var ordinal: UInt16

    static func < (a: AmendmentKey, b: AmendmentKey) -> Bool {
        if a.sequence != b.sequence { return a.sequence < b.sequence }
        if a.rider != b.rider { return a.rider.lexicographicallyPrecedes(b.rider) }
        return (a.tsMs, a.ordinal) < (b.tsMs, b.ordinal)
    }
}

/// What must hold over all records of a segment, which go by in their order: they ascend, losses do
/// not overlap, and riders without points are numbered as they are first named.
struct AmendmentOrder {
    private(set) var records: UInt64 = 0
    private(set) var lost: UInt64 = 0
    private var last: AmendmentKey?
    private var lostThrough: UInt64 = 0
    /// The number of the next rider that only amendments name.
    private var nextOther: UInt64

    init(_ header: SegmentHeader) { nextOther = UInt64(header.riders) }

    /// Takes a record in; says what is wrong with it. Without `names`, whose section is damaged,
    /// only sequences are looked at.
    mutating func add(_ record: AuditRecord, names: NameTable?) -> String? {
        records += 1
        var key = AmendmentKey(sequence: record.sequence, rider: [], tsMs: 0, ordinal: 0)
        switch record {
        case .acceptedLoss(let interval, _):
            guard interval.lowerBound > lostThrough else { return "a loss is stated twice" }
            lostThrough = interval.upperBound
            lost += interval.upperBound - interval.lowerBound + 1
        case .amendment(let amendment):
            guard let names else { break }
            guard amendment.rider <= nextOther else {
                return "riders without points are not numbered in the order of their amendments"
            }
            if amendment.rider == nextOther { nextOther += 1 }
            key.rider = names.name(Int(amendment.rider))
            key.tsMs = amendment.tsMs
            key.ordinal = amendment.ordinal
        }
        if let last, key < last { return "its records are out of order" }
        last = key
        return nil
    }

    /// Whether every name has points or was named by a record.
    func hasNamedAll(_ names: NameTable) -> Bool { nextOther == UInt64(names.count) }
}
