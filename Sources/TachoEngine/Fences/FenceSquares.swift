import TachoGeo

/// A rectangle in 1e-7 degree, ends included.
struct FenceBox: BitwiseCopyable {
    var minLatE7: Int32
    var maxLatE7: Int32
    var minLonE7: Int32
    var maxLonE7: Int32

    /// Holds nothing.
    static let empty = FenceBox(minLatE7: 1, maxLatE7: 0, minLonE7: 1, maxLonE7: 0)

    init(minLatE7: Int32, maxLatE7: Int32, minLonE7: Int32, maxLonE7: Int32) {
        self.minLatE7 = minLatE7
        self.maxLatE7 = maxLatE7
        self.minLonE7 = minLonE7
        self.maxLonE7 = maxLonE7
    }

    /// All stored positions within a rectangle, and a line around them.
    init(_ box: Box) {
        func down(_ degrees: Double) -> Int32 { Int32((degrees * 1e7).rounded(.down)) - 1 }
        func up(_ degrees: Double) -> Int32 { Int32((degrees * 1e7).rounded(.up)) + 1 }
        self.init(
            minLatE7: down(box.minLat), maxLatE7: up(box.maxLat), minLonE7: down(box.minLon),
            maxLonE7: up(box.maxLon))
    }

    @inline(__always)
    func contains(_ latE7: Int32, _ lonE7: Int32) -> Bool {
        latE7 >= minLatE7 && latE7 <= maxLatE7 && lonE7 >= minLonE7 && lonE7 <= maxLonE7
    }

    @inline(__always)
    func meets(_ other: FenceBox) -> Bool {
        minLatE7 <= other.maxLatE7 && maxLatE7 >= other.minLatE7 && minLonE7 <= other.maxLonE7
            && maxLonE7 >= other.minLonE7
    }

    /// Cut on the side where most is left, so that it has nothing in common with a box that does not
    /// contain the position.
    @inline(__always)
    mutating func avoid(_ box: FenceBox, at latE7: Int32, _ lonE7: Int32) {
        guard meets(box) else { return }
        let north = Int64(box.minLatE7) - Int64(latE7)
        let south = Int64(latE7) - Int64(box.maxLatE7)
        let east = Int64(box.minLonE7) - Int64(lonE7)
        let west = Int64(lonE7) - Int64(box.maxLonE7)
        let most = max(max(north, south), max(east, west))
        if most == north {
            maxLatE7 = box.minLatE7 - 1
        } else if most == south {
            minLatE7 = box.maxLatE7 + 1
        } else if most == east {
            maxLonE7 = box.minLonE7 - 1
        } else {
            minLonE7 = box.maxLonE7 + 1
        }
    }

    /// Cut to what is within so many metres of a position, at least on the diagonal. A degree is 111.7 km
    /// at most.
    @inline(__always)
    mutating func keep(within metres: Double, of latE7: Int32, _ lonE7: Int32) {
        // √2: the corners count.
        let units = metres * (1e7 / 111_700 / 1.4142135623730952)
        let lat = max(0, Double(latE7.magnitude) - units) * 1.7453292519943295e-9
        // The cosine from below its series would be too small: this one is at most 1 and at least it.
        let cosine = 1 - lat * lat / 2 + lat * lat * lat * lat / 24
        let high = Int32(units)
        let wide = Int32(min(units / cosine, 1e9))
        minLatE7 = max(minLatE7, latE7 - high)
        maxLatE7 = min(maxLatE7, latE7 + high)
        minLonE7 = Int32(max(Int64(minLonE7), Int64(lonE7) - Int64(wide)))
        maxLonE7 = Int32(min(Int64(maxLonE7), Int64(lonE7) + Int64(wide)))
    }
}

/// Which fences may be at a position: each lies in at most four squares of a size like its own, of grids
/// of latitude and longitude that halve from size to size, so that a position is looked up once a size in
/// use. Squares of a smaller size lie within those of a larger one.
final class FenceSquares {
    struct Entry: BitwiseCopyable {
        var box: FenceBox
        var fence: Int32
    }

    private struct Bucket {
        var start: Int
        var count: Int
        var capacity: Int
    }

    /// From 0.0033° (365 m) to 215°: the whole Earth.
    static let sizes = 15...31
    private var used = [Int](repeating: 0, count: 32)
    private var bits: UInt32 = 0
    private var buckets: [UInt64: Bucket] = [:]
    private var pool: UnsafeMutablePointer<Entry>
    private var poolCapacity = 1024
    private var poolCount = 0
    /// Starts of given back stretches, by the power of two they hold.
    private var spare = [[Int]](repeating: [], count: 32)

    init() { pool = .allocate(capacity: poolCapacity) }

    deinit { pool.deallocate() }

    var bytes: Int {
        poolCapacity * MemoryLayout<Entry>.stride
            + buckets.capacity * (MemoryLayout<Bucket>.stride + 9)
    }

    func insert(_ box: FenceBox, fence: Int32) {
        let size = Self.size(of: box)
        used[size] += 1
        bits |= 1 << UInt32(size)
        Self.forEachKey(of: box, size: size) { append(Entry(box: box, fence: fence), to: $0) }
    }

    func remove(_ box: FenceBox, fence: Int32) {
        let size = Self.size(of: box)
        used[size] -= 1
        if used[size] == 0 { bits &= ~(1 << UInt32(size)) }
        Self.forEachKey(of: box, size: size) { key in
            guard var bucket = buckets[key] else { return }
            for index in bucket.start..<bucket.start + bucket.count
            where pool[index].fence == fence {
                bucket.count -= 1
                pool[index] = pool[bucket.start + bucket.count]
                break
            }
            if bucket.count == 0 {
                spare[bucket.capacity.trailingZeroBitCount].append(bucket.start)
                buckets[key] = nil
            } else {
                buckets[key] = bucket
            }
        }
    }

    /// Calls `body` with all entries of the squares at a position; returns the smallest square, or the
    /// whole Earth if there is no fence. Cost: 30 ns a size in use, and the entries.
    @inline(__always)
    func look(
        _ latE7: Int32, _ lonE7: Int32, _ body: (UnsafeBufferPointer<Entry>) -> Void
    ) -> FenceBox {
        var left = bits
        guard left != 0 else {
            return FenceBox(
                minLatE7: -900_000_000, maxLatE7: 900_000_000, minLonE7: -1_800_000_000,
                maxLonE7: 1_800_000_000)
        }
        let square = Self.square(latE7, lonE7, size: left.trailingZeroBitCount)
        while left != 0 {
            let size = left.trailingZeroBitCount
            left &= left - 1
            guard let bucket = buckets[Self.key(latE7, lonE7, size: size)] else { continue }
            body(UnsafeBufferPointer(start: pool + bucket.start, count: bucket.count))
        }
        return square
    }

    private func append(_ entry: Entry, to key: UInt64) {
        var bucket = buckets[key] ?? Bucket(start: take(2), count: 0, capacity: 2)
        if bucket.count == bucket.capacity {
            let start = take(bucket.capacity * 2)
            (pool + start).update(from: pool + bucket.start, count: bucket.count)
            spare[bucket.capacity.trailingZeroBitCount].append(bucket.start)
            bucket.start = start
            bucket.capacity *= 2
        }
        pool[bucket.start + bucket.count] = entry
        bucket.count += 1
        buckets[key] = bucket
    }

    /// Room for so many entries, a power of two.
    private func take(_ capacity: Int) -> Int {
        if let start = spare[capacity.trailingZeroBitCount].popLast() { return start }
        if poolCount + capacity > poolCapacity {
            let grown = max(poolCapacity * 2, poolCount + capacity)
            let room = UnsafeMutablePointer<Entry>.allocate(capacity: grown)
            room.update(from: pool, count: poolCount)
            pool.deallocate()
            pool = room
            poolCapacity = grown
        }
        defer { poolCount += capacity }
        return poolCount
    }

    /// The smallest whose squares are not smaller than the box.
    private static func size(of box: FenceBox) -> Int {
        let high = Int64(box.maxLatE7) - Int64(box.minLatE7)
        let wide = Int64(box.maxLonE7) - Int64(box.minLonE7)
        let extent = UInt64(max(high, wide, 1))
        return min(max(64 - extent.leadingZeroBitCount, sizes.lowerBound), sizes.upperBound)
    }

    @inline(__always)
    private static func up(_ latE7: Int32) -> UInt64 {
        UInt64(bitPattern: Int64(max(latE7, -900_000_000)) + 900_000_000)
    }

    @inline(__always)
    private static func along(_ lonE7: Int32) -> UInt64 {
        UInt64(bitPattern: Int64(max(lonE7, -1_800_000_000)) + 1_800_000_000)
    }

    @inline(__always)
    private static func key(_ latE7: Int32, _ lonE7: Int32, size: Int) -> UInt64 {
        (UInt64(size) << 56) | ((up(latE7) >> UInt64(size)) << 28)
            | (along(lonE7) >> UInt64(size))
    }

    private static func square(_ latE7: Int32, _ lonE7: Int32, size: Int) -> FenceBox {
        let side = Int64(1) << Int64(size)
        let south = Int64(up(latE7) >> UInt64(size)) * side - 900_000_000
        let west = Int64(along(lonE7) >> UInt64(size)) * side - 1_800_000_000
        return FenceBox(
            minLatE7: Int32(south), maxLatE7: Int32(min(south + side - 1, 900_000_000)),
            minLonE7: Int32(west), maxLonE7: Int32(min(west + side - 1, 1_800_000_000)))
    }

    private static func forEachKey(of box: FenceBox, size: Int, _ body: (UInt64) -> Void) {
        let shift = UInt64(size)
        for row in up(box.minLatE7) >> shift...up(box.maxLatE7) >> shift {
            for column in along(box.minLonE7) >> shift...along(box.maxLonE7) >> shift {
                body((UInt64(size) << 56) | (row << 28) | column)
            }
        }
    }
}
