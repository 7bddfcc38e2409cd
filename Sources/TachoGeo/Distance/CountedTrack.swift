/// Counted fixes with their places in space, by number from 0; the oldest are forgotten.
struct CountedTrack {
    /// What every comparison reads stands together.
    struct Member: BitwiseCopyable {
        var place: EarthPlace
        var fix: LegFix
    }

    private(set) var members: ContiguousArray<Member> = []
    /// The number of the first member that is still there.
    private(set) var base = 0

    /// Members are moved together when so many can go.
    private static let slack = 4_096

    /// One more than the last number.
    var end: Int { base + members.count }
    var isEmpty: Bool { members.isEmpty }
    var lastMs: Int64 { members[members.count - 1].fix.tsMs }

    /// Numbers that were forgotten may not be asked for.
    @inline(__always)
    subscript(index: Int) -> Member { members[index - base] }

    @inline(__always)
    func tsMs(_ index: Int) -> Int64 { members[index - base].fix.tsMs }

    @inline(__always)
    mutating func append(_ fix: LegFix) {
        members.append(Member(place: EarthPlace(fix.position), fix: fix))
    }

    /// What lies a minute and two fixes before `index` is not needed again.
    @inline(__always)
    mutating func forget(before index: Int) {
        if index - base > 2 * Self.slack { forgetMany(before: index) }
    }

    private mutating func forgetMany(before index: Int) {
        let keepMs = tsMs(index) - DistanceV1.restMs
        var low = base
        var high = index - 1
        while low < high {
            let middle = (low + high) / 2
            if tsMs(middle) < keepMs { low = middle + 1 } else { high = middle }
        }
        guard low - base > Self.slack else { return }
        members.removeFirst(low - base)
        base = low
    }
}
