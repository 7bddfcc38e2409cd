import CTacho
import TachoCodec
import TachoStore

/// The events of a part, in order, as the journal will hold them.
///
/// A handle to memory of its own, freed by `free`: appending through it needs no exclusivity
/// check, no reference count and no bounds check per fix, only one for room.
struct EventBuffer: @unchecked Sendable {
    private struct State {
        var base: UnsafeMutableRawPointer
        var count: Int
        var capacity: Int
        var points: Int
    }

    private let state: UnsafeMutablePointer<State>

    private static let aheadBytes = 512

    init(capacity: Int) {
        let room = max(capacity, 256)
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                base: .allocate(byteCount: room, alignment: 8), count: 0, capacity: room,
                points: 0))
    }

    func free() {
        state.pointee.base.deallocate()
        state.deallocate()
    }

    var count: Int { state.pointee.count }

    /// Fixes among the events.
    var points: Int { state.pointee.points }

    /// Good until the next append.
    var raw: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: state.pointee.base, count: state.pointee.count)
    }

    /// `extra` is asked for only if the row has one.
    @inline(__always)
    func putFix(rider: UInt32, _ row: FixRow, _ extra: @autoclosure () -> FixExtra) {
        reserve(FixEvent.maxByteCount)
        // The memory was another thread's before.
        tacho_prefetch(state.pointee.base + state.pointee.count + Self.aheadBytes)
        state.pointee.count += FixEvent.write(
            rider: rider, row, row.hasExtra ? extra() : nil,
            to: state.pointee.base + state.pointee.count)
        state.pointee.points += 1
    }

    /// Any other event: rare, so it may allocate.
    func putEvent(_ event: GroupEvent) {
        var writer = ByteWriter()
        writer.putEvent(event)
        reserve(writer.count)
        writer.bytes.withUnsafeBytes { bytes in
            (state.pointee.base + state.pointee.count).copyMemory(
                from: bytes.baseAddress!, byteCount: bytes.count)
        }
        state.pointee.count += writer.count
    }

    @inline(__always)
    private func reserve(_ bytes: Int) {
        if state.pointee.count + bytes > state.pointee.capacity { grow(bytes) }
    }

    private func grow(_ bytes: Int) {
        let room = max(state.pointee.capacity * 2, state.pointee.count + bytes)
        let bigger = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 8)
        bigger.copyMemory(from: state.pointee.base, byteCount: state.pointee.count)
        state.pointee.base.deallocate()
        state.pointee.base = bigger
        state.pointee.capacity = room
    }
}
