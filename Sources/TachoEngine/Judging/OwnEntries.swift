import TachoGeo

/// The entries of a batch whose riders are a shard's own, in order, and what is answered to them.
///
/// Picked out once a batch, without a branch: which thread a fix belongs to cannot be predicted, and
/// the loop over a batch looks at each fix six times, to ask for its memory ahead. Memory of its own,
/// freed by `free`, so that the loop has neither bounds checks nor reference counts.
struct OwnEntries {
    struct Entry: BitwiseCopyable {
        /// Its index in the batch.
        var index: UInt32
        /// Its rider's place in the shard's slab.
        var place: UInt32
        /// Here first and in the batch's answer at the end: there the masks of all shards share
        /// cache lines, which two threads that write them one by one take from each other each time.
        var mask: ReplyMask
    }

    private var base: UnsafeMutablePointer<Entry>
    private var capacity: Int
    private(set) var count = 0
    /// Slots the shard needs for them.
    private(set) var places = 0

    init() {
        capacity = 1024
        base = .allocate(capacity: capacity)
    }

    @inline(__always)
    subscript(number: Int) -> Entry { base[number] }

    @inline(__always)
    func set(_ mask: ReplyMask, of number: Int) { base[number].mask = mask }

    /// Puts all masks where the writer will read them.
    func answer(into masks: UnsafeMutableBufferPointer<ReplyMask>) {
        for number in 0..<count { masks[Int(base[number].index)] = base[number].mask }
    }

    /// Picks the riders with `number % shards == shard`; `UInt32.max` is nobody's.
    mutating func pick(_ numbers: [UInt32], shard: Int, of shards: Int) {
        if numbers.count > capacity { grow(to: numbers.count) }
        let (own, divisor) = (UInt32(shard), UInt32(shards))
        var (picked, newest) = (0, UInt32(0))
        for index in numbers.indices {
            let rider = numbers[index]
            let place = rider / divisor
            // Written in any case, kept if it is one.
            base[picked] = Entry(index: UInt32(index), place: place, mask: [])
            let isOwn = rider != UInt32.max && rider &- place &* divisor == own
            newest = isOwn ? max(newest, place) : newest
            picked += isOwn ? 1 : 0
        }
        count = picked
        places = picked == 0 ? 0 : Int(newest) + 1
    }

    private mutating func grow(to wanted: Int) {
        base.deallocate()
        capacity = wanted
        base = .allocate(capacity: wanted)
    }

    func free() { base.deallocate() }
}
