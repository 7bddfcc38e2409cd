import TachoGeo

#if canImport(Glibc)
    import Glibc
#endif

/// What the judge needs of a fix to tell whether a late one fits beside it.
struct PastRow: BitwiseCopyable {
    /// Time from −2^47 up in the upper 48 bits, then vehicle, effect and two flags.
    private(set) var word: UInt64
    var latE7: Int32
    var lonE7: Int32
    private(set) var accuracy: UInt16

    private static let timeShift: UInt64 = 16
    private static let vehicleShift: UInt64 = 8
    private static let effectShift: UInt64 = 4
    private static let trustedBit: UInt64 = 2
    private static let chainCodesBit: UInt64 = 1
    private static let verdictMask: UInt64 = 0xFF
    private static let accuracyAbsent = UInt16.max

    init(_ fix: Fix, _ vehicle: VehicleClass, _ verdict: Verdict) {
        word = Self.key(fix.tsMs) | UInt64(vehicle.rawValue) << Self.vehicleShift
        latE7 = fix.latE7
        lonE7 = fix.lonE7
        let isNear = fix.accuracyDm < Int32(Self.accuracyAbsent)
        accuracy =
            fix.accuracyDm == Fix.absent || !isNear
            ? Self.accuracyAbsent : UInt16(fix.accuracyDm)
        var known = verdict
        // A radius of 6.5 km and more is not kept: whoever lies beside it is judged at length.
        if !isNear { known.isTrusted = false }
        set(known)
    }

    init(word: UInt64, latE7: Int32, lonE7: Int32, accuracy: UInt16) {
        self.word = word
        self.latE7 = latE7
        self.lonE7 = lonE7
        self.accuracy = accuracy
    }

    mutating func set(_ verdict: Verdict) {
        word &= ~Self.verdictMask
        word |= UInt64(verdict.effect.rawValue) << Self.effectShift
        if verdict.isTrusted { word |= Self.trustedBit }
        if verdict.codes & Self.chainCodes != 0 { word |= Self.chainCodesBit }
    }

    private static let chainCodes = Code.teleport.bit | Code.spike.bit | Code.candidate.bit

    /// Rows are in order of their words, as far as times differ.
    @inline(__always)
    static func key(_ tsMs: Int64) -> UInt64 {
        UInt64(bitPattern: tsMs &+ Fix.timeLimitMs) << timeShift
    }

    @inline(__always)
    var tsMs: Int64 { Self.tsMs(word) }

    @inline(__always)
    static func tsMs(_ word: UInt64) -> Int64 {
        Int64(bitPattern: word >> timeShift) &- Fix.timeLimitMs
    }

    /// With what is kept of it: of the codes only whether the chain gave one.
    var stored: StoredFix {
        let fix = Fix(
            tsMs: tsMs, latE7: latE7, lonE7: lonE7,
            accuracyDm: accuracy == Self.accuracyAbsent ? Fix.absent : Int32(accuracy))
        let vehicle = VehicleClass(rawValue: UInt8(word >> Self.vehicleShift & 0xFF)) ?? .any
        let effect = Effect(rawValue: UInt8(word >> Self.effectShift & 0xF)) ?? .quarantine
        return StoredFix(
            fix: fix, provenance: .live, vehicle: vehicle,
            verdict: Verdict(
                codes: word & Self.chainCodesBit != 0 ? Self.chainCodes : 0, effect: effect,
                isTrusted: word & Self.trustedBit != 0),
            recvMs: tsMs, claimedRecvMs: 0)
    }
}

/// Memory for rows of the past: blocks of 64 rows, column by column, so that a search reads times
/// alone. One a shard; its thread alone uses it.
struct PastBlocks {
    static let rows = 64
    /// Words, then places, then accuracies: 1,152 B.
    static let byteCount = rows * 18
    private static let placesAt = rows * 8
    private static let accuraciesAt = rows * 16

    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private var free: [UInt32] = []
    private var touched = 0

    /// Address space for so much is reserved; only what is used costs memory.
    init(limitBytes: Int) {
        capacity = max(2, limitBytes / Self.byteCount)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let bytes = capacity * Self.byteCount
        guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            memory != MAP_FAILED
        else { fatalError("no address space for recent pasts (\(bytes >> 20) MiB)") }
        base = memory
    }

    /// After this nothing may be used.
    func unmap() { munmap(base, capacity * Self.byteCount) }

    /// Blocks that can be taken before something must go.
    var room: Int { free.count + capacity - touched }

    var usedBytes: Int { (touched - free.count) * Self.byteCount }

    mutating func take() -> UInt32 {
        if let block = free.popLast() { return block }
        precondition(touched < capacity, "room was made before")
        touched += 1
        return UInt32(touched - 1)
    }

    mutating func give(_ block: UInt32) { free.append(block) }

    /// Gives everything back, to the system too.
    mutating func removeAll() {
        free = []
        _ = madvise(base, touched * Self.byteCount, MADV_DONTNEED)
        touched = 0
    }

    @inline(__always)
    func words(_ block: UInt32) -> UnsafeMutablePointer<UInt64> {
        (base + Int(block) * Self.byteCount).assumingMemoryBound(to: UInt64.self)
    }

    @inline(__always)
    private func places(_ block: UInt32) -> UnsafeMutablePointer<UInt64> {
        (base + Int(block) * Self.byteCount + Self.placesAt)
            .assumingMemoryBound(to: UInt64.self)
    }

    @inline(__always)
    private func accuracies(_ block: UInt32) -> UnsafeMutablePointer<UInt16> {
        (base + Int(block) * Self.byteCount + Self.accuraciesAt)
            .assumingMemoryBound(to: UInt16.self)
    }

    func row(_ block: UInt32, _ index: Int) -> PastRow {
        let place = places(block)[index]
        return PastRow(
            word: words(block)[index], latE7: Int32(truncatingIfNeeded: place),
            lonE7: Int32(truncatingIfNeeded: place >> 32), accuracy: accuracies(block)[index])
    }

    /// Puts a row at `index` of a block that holds `count`, fewer than all.
    func insert(_ row: PastRow, _ block: UInt32, at index: Int, count: Int) {
        let (words, places, accuracies) = (words(block), places(block), accuracies(block))
        let after = count - index
        if after > 0 {
            memmove(words + index + 1, words + index, after * 8)
            memmove(places + index + 1, places + index, after * 8)
            memmove(accuracies + index + 1, accuracies + index, after * 2)
        }
        words[index] = row.word
        places[index] =
            UInt64(UInt32(bitPattern: row.latE7)) | UInt64(UInt32(bitPattern: row.lonE7)) << 32
        accuracies[index] = row.accuracy
    }

    /// Moves the rows from `index` on to the start of an empty block.
    func split(_ block: UInt32, at index: Int, count: Int, to other: UInt32) {
        let moved = count - index
        memcpy(words(other), words(block) + index, moved * 8)
        memcpy(places(other), places(block) + index, moved * 8)
        memcpy(accuracies(other), accuracies(block) + index, moved * 2)
    }
}
