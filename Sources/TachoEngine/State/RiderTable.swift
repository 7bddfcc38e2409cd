import Synchronization

/// Names of riders and their numbers: open addressing over one arena of bytes, under a lock that
/// is held for a batch of look-ups at most. Numbers count from 0 and are never given again.
final class RiderTable: Sendable {
    private struct Cell: BitwiseCopyable {
        var hash: UInt32
        /// Number + 1; 0: empty.
        var number: UInt32
    }

    private struct State {
        var cells = [Cell](repeating: Cell(hash: 0, number: 0), count: 1024)
        var starts: [UInt32] = [0]
        var arena: [UInt8] = []
        /// Riders whose record is in no group yet.
        var fresh: [UInt32] = []
        /// Ids come from outside: an attacker must not know which collide.
        let seed = UInt64.random(in: .min ... .max)
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.starts.count - 1 } }

    func number(of name: UnsafeRawBufferPointer) -> UInt32? {
        state.withLock { Self.find(&$0, name).number }
    }

    /// Numbers for names, new ones where needed, `batch` names at a time under the lock.
    func resolve(count: Int, _ name: (Int) -> UnsafeRawBufferPointer?, into out: inout [UInt32]) {
        var next = 0
        while next < count {
            let end = min(next + Self.batch, count)
            state.withLock { state in
                for index in next..<end {
                    guard let name = name(index) else {
                        out.append(UInt32.max)
                        continue
                    }
                    out.append(Self.intern(&state, name))
                }
            }
            next = end
        }
    }

    private static let batch = 64

    /// Loads a rider at start. Numbers must come in order.
    func load(number: UInt32, name: [UInt8]) {
        state.withLock { state in
            guard Int(number) == state.starts.count - 1 else { return }
            _ = name.withUnsafeBytes { Self.intern(&state, $0) }
            state.fresh.removeAll()
        }
    }

    func name(of number: UInt32) -> [UInt8] {
        state.withLock { state in
            let n = Int(number)
            guard n + 1 < state.starts.count else { return [] }
            return Array(state.arena[Int(state.starts[n])..<Int(state.starts[n + 1])])
        }
    }

    /// Riders numbered since the last call, with their names.
    func takeFresh() -> [(number: UInt32, name: [UInt8])] {
        state.withLock { state in
            if state.fresh.isEmpty { return [] }
            let list = state.fresh.map { number in
                let n = Int(number)
                return (
                    number, Array(state.arena[Int(state.starts[n])..<Int(state.starts[n + 1])])
                )
            }
            state.fresh.removeAll(keepingCapacity: true)
            return list
        }
    }

    private static func find(
        _ state: inout State, _ name: UnsafeRawBufferPointer
    ) -> (cell: Int, hash: UInt32, number: UInt32?) {
        let hash = Self.hash(name, state.seed)
        let mask = state.cells.count - 1
        var at = Int(hash) & mask
        while true {
            let cell = state.cells[at]
            if cell.number == 0 { return (at, hash, nil) }
            if cell.hash == hash {
                let n = Int(cell.number - 1)
                let start = Int(state.starts[n])
                let length = Int(state.starts[n + 1]) - start
                let same =
                    length == name.count
                    && state.arena.withUnsafeBytes {
                        UnsafeRawBufferPointer(rebasing: $0[start..<start + length])
                            .elementsEqual(name)
                    }
                if same { return (at, hash, cell.number - 1) }
            }
            at = (at + 1) & mask
        }
    }

    private static func intern(_ state: inout State, _ name: UnsafeRawBufferPointer) -> UInt32 {
        let (cell, hash, known) = find(&state, name)
        if let known { return known }
        let number = UInt32(state.starts.count - 1)
        state.arena.append(contentsOf: name)
        state.starts.append(UInt32(state.arena.count))
        state.cells[cell] = Cell(hash: hash, number: number + 1)
        state.fresh.append(number)
        if state.starts.count * 2 > state.cells.count { grow(&state) }
        return number
    }

    private static func grow(_ state: inout State) {
        let old = state.cells
        state.cells = Array(repeating: Cell(hash: 0, number: 0), count: old.count * 2)
        let mask = state.cells.count - 1
        for cell in old where cell.number != 0 {
            var at = Int(cell.hash) & mask
            while state.cells[at].number != 0 { at = (at + 1) & mask }
            state.cells[at] = cell
        }
    }

    /// Multiply-mix over 8-byte words; quality is enough for tables, the seed for safety.
    private static func hash(_ name: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt32 {
        var h = seed ^ UInt64(name.count)
        var i = 0
        while i + 8 <= name.count {
            h = mix(h ^ name.loadUnaligned(fromByteOffset: i, as: UInt64.self))
            i += 8
        }
        var rest: UInt64 = 0
        while i < name.count {
            rest = rest << 8 | UInt64(name[i])
            i += 1
        }
        return UInt32(truncatingIfNeeded: mix(h ^ rest) >> 17)
    }

    @inline(__always) private static func mix(_ value: UInt64) -> UInt64 {
        // Wrap-around is meant: this is a hash.
        let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
