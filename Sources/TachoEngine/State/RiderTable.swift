import CTacho
import Synchronization

/// Names of riders and their numbers: open addressing under a lock that is held for a batch of
/// look-ups at most. Numbers count from 0 and are never given again.
///
/// A cell holds the first 16 bytes of its name, so that a look-up of a usual id touches one cache
/// line, and a batch asks for all its lines before it looks at the first: 25 ns a name instead of
/// three misses. Longer names are compared in the arena besides.
final class RiderTable: Sendable {
    private struct Cell: BitwiseCopyable {
        /// The name's first 16 bytes, zeros behind it.
        var head: (UInt64, UInt64) = (0, 0)
        var hash: UInt32 = 0
        /// Number + 1; 0: empty.
        var number: UInt32 = 0
        var length: UInt32 = 0
        private var unused: UInt32 = 0
    }

    /// A name as it is looked for.
    private struct Key: BitwiseCopyable {
        var head: (UInt64, UInt64)
        var hash: UInt32
        var length: UInt32
    }

    /// Reached through the lock alone, the cells too.
    private struct State: @unchecked Sendable {
        var cells: UnsafeMutableBufferPointer<Cell>
        var starts: [UInt32] = [0]
        var arena: [UInt8] = []
        /// Riders whose record is in no group yet.
        var fresh: [UInt32] = []
        /// Ids come from outside: an attacker must not know which collide.
        let seed = UInt64.random(in: .min ... .max)
    }

    private let state: Mutex<State>

    init() { state = Mutex(State(cells: Self.empty(1024))) }

    deinit { state.withLock { $0.cells.deallocate() } }

    private static func empty(_ count: Int) -> UnsafeMutableBufferPointer<Cell> {
        let raw = UnsafeMutableRawBufferPointer.allocate(
            byteCount: count * MemoryLayout<Cell>.stride, alignment: 64)
        let cells = raw.bindMemory(to: Cell.self)
        cells.initialize(repeating: Cell())
        return cells
    }

    var count: Int { state.withLock { $0.starts.count - 1 } }

    /// Memory held, bytes.
    var bytes: Int {
        state.withLock { state in
            state.cells.count * MemoryLayout<Cell>.stride + state.starts.capacity * 4
                + state.arena.capacity
        }
    }

    func number(of name: UnsafeRawBufferPointer) -> UInt32? {
        state.withLock { state in
            let number = Self.find(state, Self.key(name, state.seed), name).pointee.number
            return number == 0 ? nil : number - 1
        }
    }

    /// Numbers of at most `batch` names; `UInt32.max` where nobody has that name.
    func look(
        up name: (Int) -> UnsafeRawBufferPointer, into numbers: UnsafeMutableBufferPointer<UInt32>
    ) {
        precondition(numbers.count <= Self.batch, "\(numbers.count) names at once")
        withUnsafeTemporaryAllocation(of: Key.self, capacity: Self.batch) { keys in
            state.withLock { state in
                let mask = state.cells.count - 1
                for index in numbers.indices {
                    let key = Self.key(name(index), state.seed)
                    keys[index] = key
                    tacho_prefetch_to_read(state.cells.baseAddress! + (Int(key.hash) & mask))
                }
                for index in numbers.indices {
                    let number = Self.find(state, keys[index], name(index)).pointee.number
                    numbers[index] = number == 0 ? UInt32.max : number - 1
                }
            }
        }
    }

    /// Numbers for names, new ones where needed, `batch` names at a time under the lock.
    func resolve(count: Int, _ name: (Int) -> UnsafeRawBufferPointer?, into out: inout [UInt32]) {
        withUnsafeTemporaryAllocation(of: Key.self, capacity: Self.batch) { keys in
            var next = 0
            while next < count {
                let end = min(next + Self.batch, count)
                state.withLock { state in
                    let mask = state.cells.count - 1
                    for index in next..<end {
                        guard let name = name(index) else { continue }
                        let key = Self.key(name, state.seed)
                        keys[index - next] = key
                        tacho_prefetch_to_read(state.cells.baseAddress! + (Int(key.hash) & mask))
                    }
                    for index in next..<end {
                        guard let name = name(index) else {
                            out.append(UInt32.max)
                            continue
                        }
                        out.append(Self.intern(&state, keys[index - next], name))
                    }
                }
                next = end
            }
        }
    }

    /// Names of one hold of the lock.
    static let batch = 64

    /// Loads a rider at start. Numbers must come in order.
    func load(number: UInt32, name: [UInt8]) {
        state.withLock { state in
            guard Int(number) == state.starts.count - 1 else { return }
            name.withUnsafeBytes { name in
                _ = Self.intern(&state, Self.key(name, state.seed), name)
            }
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

    /// The name's cell, or the empty one where it belongs.
    private static func find(
        _ state: borrowing State, _ key: Key, _ name: UnsafeRawBufferPointer
    ) -> UnsafeMutablePointer<Cell> {
        let cells = state.cells.baseAddress!
        let mask = state.cells.count - 1
        var at = Int(key.hash) & mask
        while true {
            let cell = cells + at
            if cell.pointee.number == 0 { return cell }
            if cell.pointee.hash == key.hash && cell.pointee.head.0 == key.head.0
                && cell.pointee.head.1 == key.head.1 && cell.pointee.length == key.length
                && (name.count <= 16 || isSame(state, cell.pointee.number - 1, name))
            {
                return cell
            }
            at = (at + 1) & mask
        }
    }

    /// Compares a long name in full.
    private static func isSame(
        _ state: borrowing State, _ number: UInt32, _ name: UnsafeRawBufferPointer
    ) -> Bool {
        let start = Int(state.starts[Int(number)])
        return state.arena[start..<start + name.count].elementsEqual(name)
    }

    @inline(__always)
    private static func intern(
        _ state: inout State, _ key: Key, _ name: UnsafeRawBufferPointer
    ) -> UInt32 {
        let cell = find(state, key, name)
        if cell.pointee.number != 0 { return cell.pointee.number - 1 }
        return add(&state, cell, key, name)
    }

    private static func add(
        _ state: inout State, _ cell: UnsafeMutablePointer<Cell>, _ key: Key,
        _ name: UnsafeRawBufferPointer
    ) -> UInt32 {
        let number = UInt32(state.starts.count - 1)
        state.arena.append(contentsOf: name)
        state.starts.append(UInt32(state.arena.count))
        cell.pointee.head = key.head
        cell.pointee.hash = key.hash
        cell.pointee.length = key.length
        cell.pointee.number = number + 1
        state.fresh.append(number)
        if state.starts.count * 2 > state.cells.count { grow(&state) }
        return number
    }

    private static func grow(_ state: inout State) {
        let old = state.cells
        let cells = empty(old.count * 2)
        let mask = cells.count - 1
        for cell in old where cell.number != 0 {
            var at = Int(cell.hash) & mask
            while cells[at].number != 0 { at = (at + 1) & mask }
            cells[at] = cell
        }
        old.deallocate()
        state.cells = cells
    }

    /// Multiply-mix over 8-byte words; quality is enough for tables, the seed for safety.
    @inline(__always)
    private static func key(_ name: UnsafeRawBufferPointer, _ seed: UInt64) -> Key {
        let head = (word(name, 0), word(name, 8))
        var h = mix(mix(seed ^ UInt64(name.count) ^ head.0) ^ head.1)
        var i = 16
        while i < name.count {
            h = mix(h ^ word(name, i))
            i += 8
        }
        return Key(
            head: head, hash: UInt32(truncatingIfNeeded: h >> 17), length: UInt32(name.count))
    }

    /// Eight bytes from `offset`, zeros behind the end.
    @inline(__always)
    private static func word(_ name: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        if offset + 8 <= name.count {
            return name.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        var rest: UInt64 = 0
        var i = name.count - 1
        while i >= offset {
            rest = rest << 8 | UInt64(name[i])
            i -= 1
        }
        return rest
    }

    @inline(__always) private static func mix(_ value: UInt64) -> UInt64 {
        // Wrap-around is meant: this is a hash.
        let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
