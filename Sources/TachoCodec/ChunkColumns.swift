package import TachoGeo

// Raw pointers: these columns are filled and read once per point, by loops of other modules too.
// All of them lie in one allocation, made once and checked for size once per chunk.

/// Fixes of one rider column by column, at stored precision: what a chunk holds, without an object
/// per point.
///
/// Memory is kept from chunk to chunk; 63 bytes a fix and 48 of scratch.
package struct ChunkColumns: ~Copyable {
    /// Where the columns lie. Valid until `makeRoom` grows them.
    package private(set) var at: ColumnPointers
    /// How many fixes the columns hold, 0…capacity.
    package var count = 0 {
        didSet { precondition(count >= 0 && count <= capacity) }
    }
    /// Fixes there is memory for.
    package private(set) var capacity: Int
    /// For the decoder: values of the column in work and their residuals.
    private(set) var values: UnsafeMutablePointer<Int64>
    private(set) var residuals: UnsafeMutablePointer<UInt64>
    private(set) var places: UnsafeMutablePointer<UInt64>
    private(set) var patches: UnsafeMutablePointer<UInt64>
    /// Residuals of latitudes and longitudes that wait for speed and heading.
    private(set) var waitingLat: UnsafeMutablePointer<UInt64>
    private(set) var waitingLon: UnsafeMutablePointer<UInt64>

    package init(capacity: Int = 0) {
        self.capacity = capacity
        let words = Self.allocate(capacity)
        at = ColumnPointers(words, stride: Self.stride(capacity))
        let scratch = Self.scratch(words, capacity)
        values = scratch.bindMemory(to: Int64.self, capacity: Self.stride(capacity))
        residuals = Self.room(scratch, 1, capacity)
        places = Self.room(scratch, 2, capacity)
        patches = Self.room(scratch, 3, capacity)
        waitingLat = Self.room(scratch, 4, capacity)
        waitingLon = Self.room(scratch, 5, capacity)
    }

    deinit { UnsafeMutableRawPointer(at.tsMs).deallocate() }

    /// Makes memory for `count` fixes. What was in the columns before is lost if they have to grow.
    package mutating func makeRoom(for count: Int) {
        if count > capacity { self = ChunkColumns(capacity: count) }
    }

    /// Fills the columns with `fixes`. `arrivals`: for each, how many of the rider and range had
    /// arrived before it.
    package mutating func fill(
        _ fixes: UnsafeBufferPointer<StoredFix>, arrivals: UnsafeBufferPointer<UInt32>
    ) {
        precondition(arrivals.count == fixes.count)
        makeRoom(for: fixes.count)
        count = fixes.count
        let columns = at
        for i in 0..<fixes.count { columns.set(i, fixes[i], arrival: arrivals[i]) }
    }

    /// Appends all fixes to arrays. Cost: about 5 ns a fix.
    package borrowing func append(to fixes: inout [StoredFix], arrivals: inout [UInt32]) {
        let columns = at
        let count = count
        // At least doubled: chunk after chunk may be appended.
        if fixes.capacity < fixes.count + count {
            fixes.reserveCapacity(max(fixes.count + count, 2 * fixes.capacity))
        }
        for i in 0..<count { fixes.append(columns.fix(i)) }
        arrivals.append(contentsOf: UnsafeBufferPointer(start: columns.arrival, count: count))
    }

    /// Whether each fix comes after the one before it, by (tsMs, arrival).
    package var isInOrder: Bool {
        for i in 0..<max(count - 1, 0)
        where (at.tsMs[i], at.arrival[i]) >= (at.tsMs[i + 1], at.arrival[i + 1]) { return false }
        return true
    }

    /// The first index whose time is not below `ms`, in columns that are in order of time.
    package borrowing func firstIndex(atOrAfter ms: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if at.tsMs[middle] < ms { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A few more than asked for: loops may read and write one group of values too far.
    private static func stride(_ capacity: Int) -> Int { (capacity + 16) & ~7 }

    private static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer {
        precondition(capacity >= 0 && capacity <= FixColumns.maxCount)
        let bytes = (ColumnPointers.bytesPerFix + scratchPerFix) * stride(capacity)
        return .allocate(byteCount: bytes, alignment: 64)
    }

    private static let scratchPerFix = 48

    private static func scratch(
        _ start: UnsafeMutableRawPointer, _ capacity: Int
    ) -> UnsafeMutableRawPointer {
        start + ColumnPointers.bytesPerFix * stride(capacity)
    }

    private static func room(
        _ scratch: UnsafeMutableRawPointer, _ index: Int, _ capacity: Int
    ) -> UnsafeMutablePointer<UInt64> {
        (scratch + 8 * index * stride(capacity)).bindMemory(
            to: UInt64.self, capacity: stride(capacity))
    }
}

/// The columns' places in memory. For loops: take a copy before, it says nothing about how many
/// fixes there are.
package struct ColumnPointers: Sendable, BitwiseCopyable {
    package nonisolated(unsafe) let tsMs: UnsafeMutablePointer<Int64>
    /// Receipt, Unix ms: tsMs plus a multiple of 64.
    package nonisolated(unsafe) let recvMs: UnsafeMutablePointer<Int64>
    /// Meaningful where the provenance is claimed; the decoder writes 0 elsewhere.
    package nonisolated(unsafe) let claimedRecvMs: UnsafeMutablePointer<Int64>
    /// Verdict: one bit per `Code`.
    package nonisolated(unsafe) let codes: UnsafeMutablePointer<UInt64>
    package nonisolated(unsafe) let latE7: UnsafeMutablePointer<Int32>
    package nonisolated(unsafe) let lonE7: UnsafeMutablePointer<Int32>
    /// `Fix.absent` where the phone did not say; so the next three.
    package nonisolated(unsafe) let speedCms: UnsafeMutablePointer<Int32>
    package nonisolated(unsafe) let headingCdeg: UnsafeMutablePointer<Int32>
    package nonisolated(unsafe) let accuracyDm: UnsafeMutablePointer<Int32>
    package nonisolated(unsafe) let altitudeDm: UnsafeMutablePointer<Int32>
    /// How many fixes of the rider and range had arrived before.
    package nonisolated(unsafe) let arrival: UnsafeMutablePointer<UInt32>
    /// `FixSource.rawValue`.
    package nonisolated(unsafe) let source: UnsafeMutablePointer<UInt8>
    /// 5 · provenance + vehicle class, `ColumnPointers.origin`.
    package nonisolated(unsafe) let origin: UnsafeMutablePointer<UInt8>
    /// Verdict: effect in bits 0–1, trusted in bit 2, `ColumnPointers.flags`.
    package nonisolated(unsafe) let flags: UnsafeMutablePointer<UInt8>

    static let bytesPerFix = 4 * 8 + 7 * 4 + 3

    init(_ start: UnsafeMutableRawPointer, stride: Int) {
        func words(_ index: Int) -> UnsafeMutablePointer<Int64> {
            (start + 8 * index * stride).bindMemory(to: Int64.self, capacity: stride)
        }
        func halves(_ index: Int) -> UnsafeMutablePointer<Int32> {
            (start + (32 + 4 * index) * stride).bindMemory(to: Int32.self, capacity: stride)
        }
        func bytes(_ index: Int) -> UnsafeMutablePointer<UInt8> {
            (start + (60 + index) * stride).bindMemory(to: UInt8.self, capacity: stride)
        }
        (tsMs, recvMs, claimedRecvMs) = (words(0), words(1), words(2))
        codes = (start + 24 * stride).bindMemory(to: UInt64.self, capacity: stride)
        (latE7, lonE7, speedCms) = (halves(0), halves(1), halves(2))
        (headingCdeg, accuracyDm, altitudeDm) = (halves(3), halves(4), halves(5))
        arrival = (start + 56 * stride).bindMemory(to: UInt32.self, capacity: stride)
        (source, origin, flags) = (bytes(0), bytes(1), bytes(2))
    }

    /// Puts a fix at place `i`, for which there must be room.
    @inline(__always)
    package func set(_ i: Int, _ stored: StoredFix, arrival: UInt32) {
        let fix = stored.fix
        tsMs[i] = fix.tsMs
        recvMs[i] = stored.recvMs
        claimedRecvMs[i] = stored.claimedRecvMs
        codes[i] = stored.verdict.codes
        latE7[i] = fix.latE7
        lonE7[i] = fix.lonE7
        speedCms[i] = fix.speedCms
        headingCdeg[i] = fix.headingCdeg
        accuracyDm[i] = fix.accuracyDm
        altitudeDm[i] = fix.altitudeDm
        self.arrival[i] = arrival
        source[i] = fix.source.rawValue
        origin[i] = Self.origin(stored.provenance, stored.vehicle)
        flags[i] = Self.flags(stored.verdict)
    }

    /// Fix `i`, which must be below the count.
    @inline(__always)
    package func fix(_ i: Int) -> StoredFix {
        let source = FixSource(rawValue: source[i]) ?? .unknown
        let fix = Fix(
            tsMs: tsMs[i], latE7: latE7[i], lonE7: lonE7[i], speedCms: speedCms[i],
            headingCdeg: headingCdeg[i], accuracyDm: accuracyDm[i], altitudeDm: altitudeDm[i],
            source: source)
        return StoredFix(
            fix: fix, provenance: Provenance(rawValue: origin[i] / 5) ?? .live,
            vehicle: VehicleClass(rawValue: origin[i] % 5) ?? .car,
            verdict: verdict(i), recvMs: recvMs[i], claimedRecvMs: claimedRecvMs[i])
    }

    /// The verdict of fix `i`.
    @inline(__always)
    package func verdict(_ i: Int) -> Verdict {
        Verdict(
            codes: codes[i], effect: Effect(rawValue: flags[i] & 3) ?? .accept,
            isTrusted: flags[i] & 4 != 0)
    }

    /// Whether the provenance of fix `i` is claimed.
    @inline(__always)
    package func isClaimed(_ i: Int) -> Bool { origin[i] >= Self.firstClaimedOrigin }

    @inline(__always)
    package static func origin(_ provenance: Provenance, _ vehicle: VehicleClass) -> UInt8 {
        provenance.rawValue &* 5 &+ vehicle.rawValue
    }

    @inline(__always)
    package static func flags(_ verdict: Verdict) -> UInt8 {
        verdict.effect.rawValue | (verdict.isTrusted ? 4 : 0)
    }

    static let largestOrigin: UInt8 = 14
    static let firstClaimedOrigin: UInt8 = 10
}
