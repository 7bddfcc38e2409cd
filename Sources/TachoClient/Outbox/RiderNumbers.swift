import TachoWire

/// Numbers of the riders of one batch, by name: open addressing over two arrays that are reused, as a
/// Dictionary of Strings would cost ten times what the rest of a row does.
///
/// Emptying it is one addition: entries are of the present batch only if they carry its stamp.
struct RiderNumbers: Sendable {
    private(set) var names: [UInt8] = []
    private(set) var lengths: [UInt8] = []
    /// Where each name begins in `names`, and its hash.
    private var starts: [Int32] = []
    private var hashes: [UInt64] = []
    /// Power of two; at most half of it is in use.
    private var stamps = [UInt32](repeating: 0, count: 1_024)
    private var numbers = [UInt16](repeating: 0, count: 1_024)
    private var stamp: UInt32 = 1
    /// Names come from outside: nobody may choose which ones collide.
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed | 1 }

    var count: Int { lengths.count }

    /// Bytes of the table of names behind the rows.
    var byteCount: Int { lengths.count + names.count }

    mutating func removeAll() {
        names.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        stamp &+= 1
        if stamp == 0 {
            // After 4 billion batches old stamps would be believed.
            for i in stamps.indices { stamps[i] = 0 }
            stamp = 1
        }
    }

    /// The number of a rider in this batch. A name too long for the batch's form is cut where it is
    /// still too long for a rider: the server finds it malformed, as it is.
    mutating func number(of name: String) -> UInt16 {
        let found = name.utf8.withContiguousStorageIfAvailable { number(of: $0) }
        return found ?? Array(name.utf8).withUnsafeBufferPointer { number(of: $0) }
    }

    private mutating func number(of whole: UnsafeBufferPointer<UInt8>) -> UInt16 {
        let name = UnsafeRawBufferPointer(start: whole.baseAddress, count: min(whole.count, 255))
        let hash = Self.hash(name, seed)
        let mask = stamps.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while stamps[place] == stamp {
            let number = numbers[place]
            if hashes[Int(number)] == hash, isEqual(name, Int(number)) { return number }
            place = (place + 1) & mask
        }
        return insert(name, hash, at: place)
    }

    private func isEqual(_ name: UnsafeRawBufferPointer, _ number: Int) -> Bool {
        guard Int(lengths[number]) == name.count else { return false }
        let start = Int(starts[number])
        for i in 0..<name.count where names[start + i] != name[i] { return false }
        return true
    }

    private mutating func insert(
        _ name: UnsafeRawBufferPointer, _ hash: UInt64, at place: Int
    ) -> UInt16 {
        precondition(lengths.count < PackedBatch.maxRiders, "too many riders for one batch")
        let number = UInt16(lengths.count)
        starts.append(Int32(names.count))
        hashes.append(hash)
        lengths.append(UInt8(name.count))
        names.append(contentsOf: name)
        stamps[place] = stamp
        numbers[place] = number
        if 2 * lengths.count > stamps.count { grow() }
        return number
    }

    private mutating func grow() {
        let size = 2 * stamps.count
        stamps = [UInt32](repeating: 0, count: size)
        numbers = [UInt16](repeating: 0, count: size)
        for number in hashes.indices {
            var place = Int(truncatingIfNeeded: hashes[number]) & (size - 1)
            while stamps[place] == stamp { place = (place + 1) & (size - 1) }
            stamps[place] = stamp
            numbers[place] = UInt16(number)
        }
    }

    /// Eight bytes a step; multiplications wrap around, as hashes do.
    private static func hash(_ name: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt64 {
        var hash = seed ^ UInt64(name.count) &* 0x9E37_79B9_7F4A_7C15
        var i = 0
        while i + 8 <= name.count {
            hash = mix(hash ^ name.loadUnaligned(fromByteOffset: i, as: UInt64.self))
            i += 8
        }
        var last: UInt64 = 0
        while i < name.count {
            last = last << 8 | UInt64(name[i])
            i += 1
        }
        return mix(mix(hash ^ last) ^ seed)
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        let product = word &* 0xBF58_476D_1CE4_E5B9
        return product ^ product >> 29
    }
}
