import NIOCore
import TachoGeo
import TachoWire

/// The batch that is being filled: rows written once, where the socket will read them.
struct OpenBatch: Sendable {
    private var buffer: ByteBuffer
    private var riders: RiderNumbers
    private(set) var count = 0
    /// Of a fix with a rider of its own.
    static let worstRowBytes = PackedBatch.rowBytes + 1 + 255
    /// As large as the one before: batches of a client are alike.
    private var capacity = 4_096

    init(seed: UInt64) {
        riders = RiderNumbers(seed: seed)
        buffer = ByteBuffer()
    }

    /// Of the packed batch as it would travel now.
    var byteCount: Int {
        count == 0 ? PackedBatch.headerBytes : buffer.readableBytes + riders.byteCount
    }

    /// How many more fixes of any riders certainly fit.
    func room(most: Int) -> Int {
        let free = WireLimits.maxPackedBytes - byteCount
        return max(
            0, min(most - count, free / Self.worstRowBytes, PackedBatch.maxRiders - riders.count))
    }

    /// Adds as many of them as have room, in order. Cost: some 25 ns each.
    mutating func append(_ fixes: ArraySlice<RiderFix>, most: Int) -> Int {
        let taken = min(fixes.count, room(most: most))
        guard taken > 0 else { return 0 }
        if count == 0 { begin() }
        Self.write(fixes.prefix(taken), to: &buffer, &riders)
        count += taken
        return taken
    }

    private mutating func begin() {
        buffer = ByteBufferAllocator().buffer(capacity: capacity)
        buffer.writeRepeatingByte(0, count: PackedBatch.headerBytes)
    }

    /// One call for many points: what is written to is held in parameters, not looked up in `self`.
    private static func write(
        _ fixes: ArraySlice<RiderFix>, to buffer: inout ByteBuffer, _ riders: inout RiderNumbers
    ) {
        let bytes = fixes.count * PackedBatch.rowBytes
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes) { room in
            precondition(room.count >= bytes, "rows without room")
            var row = room.baseAddress!
            for fix in fixes {
                PackedRow.store(fix.fix, rider: riders.number(of: fix.rider), to: row)
                row += PackedBatch.rowBytes
            }
            return bytes
        }
    }

    /// The packed batch, whole; this one is empty again.
    mutating func take() -> ByteBuffer {
        precondition(count > 0, "a batch without points")
        buffer.setBytes(PackedRow.header(riders: riders.count, rows: count), at: 0)
        buffer.writeBytes(riders.lengths)
        buffer.writeBytes(riders.names)
        capacity = buffer.readableBytes
        let taken = buffer
        buffer = ByteBuffer()
        riders.removeAll()
        count = 0
        return taken
    }
}
