package import TachoGeo

/// Writes packed batches, the argument of T.PUT, one after another into reused memory.
///
///     var batch = PackedBatchWriter()
///     for (name, fix) in fixes { batch.append(rider: name, fix: fix) }
///     writer.put(batch)            // RequestWriter
///     batch.removeAll()
///
/// Values are written as they are: the server is the one that judges them.
package struct PackedBatchWriter: Sendable {
    private var rows: [UInt8] = []
    private var lengths: [UInt8] = []
    private var names: [UInt8] = []
    private var known: [[UInt8]: UInt16] = [:]
    package private(set) var count = 0

    package init() {}

    /// Bytes of the batch so far.
    package var byteCount: Int {
        PackedBatch.headerBytes + rows.count + lengths.count + names.count
    }

    /// Whether one more fix of any rider certainly fits one T.PUT.
    package var hasRoom: Bool {
        lengths.count < PackedBatch.maxRiders
            && byteCount + PackedBatch.rowBytes + 1 + RiderName.maxBytes
                <= WireLimits.maxPackedBytes
    }

    package mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        known.removeAll(keepingCapacity: true)
        count = 0
    }

    /// The number of a rider in this batch, the same for the same name. The name has at most 255
    /// bytes. Cost: a look-up in a dictionary; keep the number where many fixes follow.
    package mutating func rider(_ name: [UInt8]) -> UInt16 {
        if let number = known[name] { return number }
        precondition(name.count <= 255, "a name of \(name.count) bytes")
        precondition(lengths.count < PackedBatch.maxRiders, "too many riders for one batch")
        let number = UInt16(lengths.count)
        lengths.append(UInt8(name.count))
        names.append(contentsOf: name)
        known[name] = number
        return number
    }

    package mutating func append(rider name: [UInt8], fix: Fix) {
        append(rider: rider(name), fix: fix)
    }

    /// `rider` is what `rider(_:)` gave since the last `removeAll`.
    package mutating func append(rider: UInt16, fix: Fix) {
        number(fix.tsMs)
        number(fix.latE7)
        number(fix.lonE7)
        number(fix.speedCms)
        number(fix.headingCdeg)
        number(fix.accuracyDm)
        number(fix.altitudeDm)
        rows.append(fix.source.rawValue)
        rows.append(0)
        number(rider)
        count += 1
    }

    /// The batch as it travels.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(byteCount)
        out += PackedBatch.magic
        out += [PackedBatch.version, 0]
        withUnsafeBytes(of: UInt16(lengths.count).littleEndian) { out += $0 }
        withUnsafeBytes(of: UInt32(count).littleEndian) { out += $0 }
        out += rows
        out += lengths
        out += names
        return out
    }

    private mutating func number(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { rows.append(contentsOf: $0) }
    }
}

extension RequestWriter {
    /// One T.PUT. With a session a server can answer the resend of `sequence` from memory.
    package mutating func put(
        _ batch: PackedBatchWriter, session: (id: String, sequence: Int64)? = nil
    ) {
        begin(arguments: session == nil ? 2 : 6)
        argument("T.PUT")
        argument(batch.bytes)
        guard let session else { return }
        argument("SESSION")
        argument(session.id)
        argument("SEQ")
        argument(integer: session.sequence)
    }
}
