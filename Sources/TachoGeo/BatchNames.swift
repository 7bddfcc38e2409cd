/// Where a rider's name lies in a batch's `names`.
package struct BatchName: Sendable, BitwiseCopyable {
    package var start: UInt32
    package var count: UInt8
}

/// The names of a batch: bytes one after another, and where each begins.
///
/// An engine that looks riders up by number does it once for each of `riders`, not for each fix.
package struct BatchNames: Sendable {
    /// May also hold text that is no rider's name.
    private(set) var bytes: [UInt8] = []
    package private(set) var riders: [BatchName] = []

    /// Adds a name without a defect and gives its index.
    package mutating func add(_ name: UnsafeRawBufferPointer) -> UInt32 {
        let start = copy(name)
        return add(start: start, count: name.count)
    }

    /// Takes over bytes that may hold names, and says where they lie: for batches that bring all
    /// their names in one piece.
    package mutating func copy(_ text: UnsafeRawBufferPointer) -> UInt32 {
        let start = UInt32(bytes.count)
        bytes.append(contentsOf: text)
        return start
    }

    /// Adds a name without a defect that lies in the bytes already, and gives its index.
    package mutating func add(start: UInt32, count: Int) -> UInt32 {
        precondition((1...RiderName.maxBytes).contains(count), "a name of \(count) bytes")
        riders.append(BatchName(start: start, count: UInt8(count)))
        return UInt32(riders.count - 1)
    }

    func holds(_ name: UnsafeRawBufferPointer, at rider: UInt32) -> Bool {
        let known = riders[Int(rider)]
        guard Int(known.count) == name.count else { return false }
        return bytes.withUnsafeBytes { all in
            all[Int(known.start)..<Int(known.start) + name.count].elementsEqual(name)
        }
    }

    mutating func reserve(_ capacity: Int) {
        riders.reserveCapacity(capacity)
        bytes.reserveCapacity(capacity * 12)
    }

    mutating func removeAll() {
        riders.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}
