/// Where a rider's name lies in a batch's `names`.
package struct BatchName: Sendable, BitwiseCopyable {
    package var start: UInt32
    package var count: UInt8
}

/// The names of a batch: bytes one after another, and where each begins.
///
/// An engine that looks riders up by number does it once for each of `riders`, not for each fix.
package struct BatchNames: Sendable {
    private(set) var bytes: [UInt8] = []
    package private(set) var riders: [BatchName] = []

    /// Adds a name without a defect and gives its index.
    package mutating func add(_ name: UnsafeRawBufferPointer) -> UInt32 {
        precondition(
            !name.isEmpty && name.count <= RiderName.maxBytes, "a name of \(name.count) bytes")
        riders.append(BatchName(start: UInt32(bytes.count), count: UInt8(name.count)))
        bytes.append(contentsOf: name)
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
