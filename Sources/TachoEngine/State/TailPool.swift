import Synchronization
import TachoCodec

#if canImport(Glibc)
    import Glibc
#endif

/// Memory for open tails, rows and what is beside them: pages of 32 rows in huge pages of the system, so that
/// reaching a tail costs no page walk, growing one copies nothing, and what is free is found again.
///
/// One for the process; every operation is one short lock, once in 32 fixes at most.
final class TailPool: @unchecked Sendable {
    static let shared = TailPool()

    /// Rows of one page; 768 B.
    static let pageRows = 32
    /// Address space for 64 M pages (48 GiB) is reserved; only what is used costs memory.
    private static let maxPages = 1 << 26
    static let pageBytes = pageRows * MemoryLayout<FixRow>.stride

    private struct State {
        var free: [UInt32] = []
        /// Pages handed out at least once.
        var touched: UInt32 = 0
        /// What else is counted with tails.
        var besideBytes = 0
    }

    let base: UnsafeMutableRawPointer
    private let state = Mutex(State())

    private init() {
        let bytes = Self.maxPages * Self.pageBytes
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            memory != MAP_FAILED
        else { fatalError("no address space for open tails (\(bytes >> 30) GiB)") }
        _ = madvise(memory, bytes, MADV_HUGEPAGE)
        base = memory
    }

    @inline(__always)
    func rows(_ page: UInt32) -> UnsafeMutablePointer<FixRow> {
        (base + Int(page) * Self.pageBytes).assumingMemoryBound(to: FixRow.self)
    }

    func take() -> UInt32 {
        state.withLock { state in
            if let page = state.free.popLast() { return page }
            precondition(
                Int(state.touched) < Self.maxPages, "more open tails than there is room for")
            state.touched += 1
            return state.touched - 1
        }
    }

    func give(_ pages: some Sequence<UInt32>) {
        state.withLock { $0.free.append(contentsOf: pages) }
    }

    /// So much more memory is to be counted with tails; negative: less.
    func count(besideBytes: Int) { state.withLock { $0.besideBytes += besideBytes } }

    /// Memory in use by tails, and memory held for them.
    var bytes: (used: Int, held: Int) {
        state.withLock { state in
            let held = Int(state.touched) * Self.pageBytes + state.besideBytes
            return (held - state.free.count * Self.pageBytes, held)
        }
    }
}
