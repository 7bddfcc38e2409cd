#if canImport(Glibc)
    import Glibc
#endif

/// Memory for the lists of blocks of recent pasts, in huge pages of the system: reaching a list is
/// on the way of every late fix, and costs no page walk here. Lists double as they grow; what a
/// longer one leaves behind serves another. One a shard; its thread alone uses it.
struct PastLists {
    typealias Ref = PastHead.Ref

    private let base: UnsafeMutablePointer<Ref>
    private let limit: Int
    /// First free room of each size; the next one's place is written into it.
    private var free = [Int](repeating: -1, count: PastLists.sizes)
    private var touched = 0

    /// Room in the smallest list, and how many sizes there are: the largest has half a million.
    static let fewest: Int32 = 4
    private static let sizes = 18

    /// A list has room for four times its blocks at most, so all lists of one size never take more
    /// than four refs a block; and there are `sizes` of them. Address space only.
    init(blocks: Int) {
        limit = max(1 << 12, blocks * 4 * Self.sizes)
        let bytes = limit * MemoryLayout<Ref>.stride
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            memory != MAP_FAILED
        else { fatalError("no address space for lists of recent pasts (\(bytes >> 20) MiB)") }
        _ = madvise(memory, bytes, MADV_HUGEPAGE)
        base = memory.bindMemory(to: Ref.self, capacity: limit)
    }

    /// After this nothing may be used.
    func unmap() { munmap(base, limit * MemoryLayout<Ref>.stride) }

    var heldBytes: Int { touched * MemoryLayout<Ref>.stride }

    private func size(_ room: Int32) -> Int { (room / Self.fewest).trailingZeroBitCount }

    /// Room for so many refs, a power of two times the fewest.
    mutating func take(_ room: Int32) -> UnsafeMutablePointer<Ref> {
        let size = size(room)
        if free[size] >= 0 {
            let place = free[size]
            free[size] = Int(base[place].firstMs)
            return base + place
        }
        precondition(touched + Int(room) <= limit, "lists have more room than their blocks allow")
        defer { touched += Int(room) }
        return base + touched
    }

    mutating func give(_ list: UnsafeMutablePointer<Ref>, _ room: Int32) {
        let size = size(room)
        list.pointee.firstMs = Int64(free[size])
        free[size] = list - base
    }

    mutating func removeAll() {
        _ = madvise(base, touched * MemoryLayout<Ref>.stride, MADV_DONTNEED)
        touched = 0
        for size in free.indices { free[size] = -1 }
    }
}
