/// The first rider of each cell: open addressing, linear probing, and no marks where a cell was taken
/// out (D. E. Knuth, The Art of Computer Programming, volume 3, 6.4, algorithm R).
struct LiveHeads: Sendable {
    private struct Place: BitwiseCopyable, Sendable {
        var cell: LiveCell
        /// Number + 1; 0: the place is free.
        var first: UInt32
        private var unused: UInt32 = 0

        init(cell: LiveCell, first: UInt32) { (self.cell, self.first) = (cell, first) }

        static let free = Place(cell: .nowhere, first: 0)
    }

    private var places = [Place](repeating: .free, count: 1024)
    private(set) var count = 0

    var bytes: Int { places.capacity * MemoryLayout<Place>.stride }

    /// Number + 1 of the first rider; 0: nobody is there.
    func first(of cell: LiveCell) -> UInt32 { places[index(of: cell)].first }

    /// Returns what was there before; 0: nobody.
    mutating func replace(_ cell: LiveCell, with first: UInt32) -> UInt32 {
        let index = index(of: cell)
        let before = places[index].first
        places[index] = Place(cell: cell, first: first)
        if before == 0 {
            count += 1
            if count * 2 > places.count { grow() }
        }
        return before
    }

    mutating func remove(_ cell: LiveCell) {
        var hole = index(of: cell)
        guard places[hole].first != 0 else { return }
        count -= 1
        var next = hole
        while true {
            next = (next + 1) & (places.count - 1)
            guard places[next].first != 0 else { break }
            // What is at home between the hole and its place stays.
            let home = home(of: places[next].cell)
            let fromHome = (next - home) & (places.count - 1)
            let fromHole = (next - hole) & (places.count - 1)
            if fromHome >= fromHole {
                places[hole] = places[next]
                hole = next
            }
        }
        places[hole] = .free
    }

    private func home(of cell: LiveCell) -> Int {
        // Wrap-around is meant.
        let (row, column) = (UInt32(bitPattern: cell.row), UInt32(bitPattern: cell.column))
        let key = UInt64(row) << 32 | UInt64(column)
        let mixed = (key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 32) & (places.count - 1)
    }

    /// Where it is, or would be.
    private func index(of cell: LiveCell) -> Int {
        var index = home(of: cell)
        while places[index].first != 0 && places[index].cell != cell {
            index = (index + 1) & (places.count - 1)
        }
        return index
    }

    private mutating func grow() {
        let old = places
        places = [Place](repeating: .free, count: old.count * 2)
        for place in old where place.first != 0 { places[index(of: place.cell)] = place }
    }
}
