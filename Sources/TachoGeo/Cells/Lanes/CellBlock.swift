/// Up to 32 positions on their way to cells, each stage a short loop over all of them: in one long
/// loop a processor would see one group of lanes at a time and wait for each result; here it works on
/// several at once. Scratch memory is 1 KiB of stack.
struct CellBlock {
    private typealias Lanes = SIMD4<Double>
    private static let capacity = 32
    private static let groups = capacity / Lanes.scalarCount

    /// Four columns: latitudes, longitudes; then unit vectors; then grid points and folds; then ids.
    private let first: UnsafeMutablePointer<Lanes>
    private var second: UnsafeMutablePointer<Lanes> { first + Self.groups }
    private var third: UnsafeMutablePointer<Lanes> { first + 2 * Self.groups }
    private var doubt: UnsafeMutablePointer<Lanes> { first + 3 * Self.groups }

    /// Puts the ids of `count` positions in front of `cells`. `radians` tells latitude and longitude
    /// of one within 1e-15, or that they are no numbers `SineCosine` takes; `exactly` is what
    /// `FacePlane` decides by, where that is needed.
    @inline(__always)
    static func locate(
        _ count: Int, resolution: Int, into cells: UnsafeMutableBufferPointer<UInt64>,
        radians: (Int) -> (lat: Double, lon: Double), exactly: (Int) -> Vector
    ) {
        precondition((0...Cell.finestResolution).contains(resolution), "resolutions are 0…15")
        withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 4 * groups) { scratch in
            let block = CellBlock(first: scratch.baseAddress!)
            for start in stride(from: 0, to: count, by: capacity) {
                let size = min(capacity, count - start)
                block.load(size) { radians(start + $0) }
                let isSure = block.locate(size, resolution: resolution)
                let ids = UnsafeRawPointer(block.first).assumingMemoryBound(to: UInt64.self)
                for n in 0..<size { cells[start + n] = ids[n] }
                if isSure { continue }
                for n in 0..<size where block.isInDoubt(n) {
                    let at = FacePlane.locate(exactly(start + n), resolution: resolution)
                    cells[start + n] = Cell(at, resolution: resolution).rawValue
                }
            }
        }
    }

    @inline(__always)
    private func load(_ size: Int, _ radians: (Int) -> (lat: Double, lon: Double)) {
        // The last group is filled up with a position that is surely in some cell.
        let last = (size - 1) / Lanes.scalarCount
        (first + last).initialize(to: Lanes(repeating: 0.5))
        (second + last).initialize(to: Lanes(repeating: 0.5))
        let lat = UnsafeMutableRawPointer(first).assumingMemoryBound(to: Double.self)
        let lon = UnsafeMutableRawPointer(second).assumingMemoryBound(to: Double.self)
        for n in 0..<size { (lat[n], lon[n]) = radians(n) }
    }

    /// Returns whether all are beyond doubt. Those that are not have an id that means nothing.
    @inline(never)
    private func locate(_ size: Int, resolution: Int) -> Bool {
        let groups = (size + Lanes.scalarCount - 1) / Lanes.scalarCount
        let lookup = CellLookup.shared
        for n in 0..<groups {
            let (sinLat, cosLat) = SineCosine.of(first[n])
            let (sinLon, cosLon) = SineCosine.of(second[n])
            first[n] = cosLon * cosLat
            second[n] = sinLon * cosLat
            (third + n).initialize(to: sinLat)
        }
        var inDoubt = Lanes.Integers()
        for n in 0..<groups {
            let p = VectorLanes(x: first[n], y: second[n], z: third[n])
            let grid = GridLanes(p, resolution: resolution, lookup)
            let isSure = grid.isSure.bits
            first[n] = Lanes(bits: grid.a & isSure)
            second[n] = Lanes(bits: grid.b & isSure)
            third[n] = Lanes(bits: grid.fold)
            (doubt + n).initialize(to: Lanes(bits: ~isSure))
            inDoubt = inDoubt | ~isSure
        }
        for n in 0..<groups {
            let ids = DigitLanes<Lanes>.cells(
                third[n].bits, first[n].bits, second[n].bits, resolution: resolution, lookup)
            first[n] = Lanes(bits: ids)
        }
        return all(inDoubt .== 0)
    }

    private func isInDoubt(_ n: Int) -> Bool {
        doubt[n / Lanes.scalarCount].bits[n % Lanes.scalarCount] != 0
    }
}
