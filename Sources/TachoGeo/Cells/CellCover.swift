/// The cells of one or a few resolutions that may hold positions of an area, as stretches of ids: those inside
/// a coarser cell are one stretch. Some more than needed, none too few.
package struct CellCover: Hashable, Sendable {
    /// Ascending, apart.
    package let ranges: [ClosedRange<UInt64>]

    /// Coarser cells are divided until the resolution is reached or there would be more than this.
    private static let most = 2_048
    /// Up to so many are measured one by one, 3 µs each: every cell too many is a few riders too many.
    private static let mostMeasured = 256

    /// Cost: about 2 µs for each cell that is looked at, some hundred for a small area.
    package init(_ area: Area, resolution: Int) {
        ranges = Self.merged(Self.stretches(area, resolution))
    }

    /// Of several resolutions: ids of each follow those of coarser ones.
    package init(_ area: Area, resolutions: [Int]) {
        ranges = Self.merged(resolutions.flatMap { Self.stretches(area, $0) })
    }

    private static func stretches(_ area: Area, _ resolution: Int) -> [ClosedRange<UInt64>] {
        let sieve = CellSieve(area)
        var cells = (0..<122).map {
            Cell(baseCell: $0, digits: CellDigits(bits: 0), resolution: 0)
        }.filter { sieve.passes($0) }
        var r = 0
        while r < resolution && cells.count * 7 <= most {
            r += 1
            cells = cells.flatMap { try! $0.children(at: r) }.filter { sieve.passes($0) }
        }
        if r == resolution && cells.count <= Self.mostMeasured {
            // None is divided further: what counts is the cell itself.
            cells.removeAll { !sieve.passes($0, reach: $0.reachDegrees) }
        }
        return cells.map { $0.stretch(at: resolution) }
    }

    private static func merged(_ stretches: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
        var merged: [ClosedRange<UInt64>] = []
        for range in stretches.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] =
                    last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    /// The first id at or behind `id` that belongs to it; nil: there is none.
    package func next(_ id: UInt64) -> UInt64? {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count ? max(id, ranges[low].lowerBound) : nil
    }
}

extension Cell {
    /// From its middle to its furthest corner and a hundredth more: sides are great circles, so nothing in it
    /// is further.
    fileprivate var reachDegrees: Double {
        func position(_ at: (lat: Double, lon: Double)) -> Coordinate {
            Coordinate(
                latE7: Int32((at.lat * 1e7).rounded()), lonE7: Int32((at.lon * 1e7).rounded()))
        }
        let middle = position(centreDegrees)
        let furthestM = boundaryDegrees.map { Distance.haversine(middle, position($0)) }.max()!
        return (furthestM * 1.01 + 0.1) / (Self.earthRadiusM * 0.017453292519943295)
    }

    /// First and last id of what lies in it at a resolution that is not coarser.
    fileprivate func stretch(at resolution: Int) -> ClosedRange<UInt64> {
        let digits = CellDigits(of: self).bits
        let free = CellDigits.unused(resolution: self.resolution)
        let below = CellDigits.unused(resolution: resolution)
        // All digits 6: 7 less 1 in each.
        let sixes = (free & ~below) & 0o666_666_666_666_666
        let first = Cell(
            baseCell: baseCell, digits: CellDigits(bits: digits), resolution: resolution)
        let last = Cell(
            baseCell: baseCell, digits: CellDigits(bits: digits | sixes), resolution: resolution)
        return first.rawValue...last.rawValue
    }
}

/// Whether anything in a cell can belong to an area.
private struct CellSieve {
    let area: Area
    let bounds: [Box]
    let edges: [PlaneEdge]

    init(_ area: Area) {
        self.area = area
        bounds = area.bounds
        if case .polygon(let polygon) = area { edges = polygon.edges } else { edges = [] }
    }

    func passes(_ cell: Cell) -> Bool { passes(cell, reach: Self.reachDegrees[cell.resolution]) }

    /// The same, where nothing that counts is further than so many degrees from the cell's middle.
    func passes(_ cell: Cell, reach: Double) -> Bool {
        let middle = cell.centreDegrees
        switch area {
        case .circle(let circle):
            let position = Coordinate(
                latE7: Int32((middle.lat * 1e7).rounded()),
                lonE7: Int32((middle.lon * 1e7).rounded()))
            let reachM = reach * Self.metresPerDegree
            return Distance.onSphere(circle.centre, position)
                <= circle.radiusM * 1.01 + reachM * 1.01 + 1
        case .polygon(let polygon):
            let rectangles = Cell.rectangles(round: middle, reach: reach)
            return rectangles.contains { lat, lon in
                edges.contains { $0.enters(lat: lat, lon: lon) }
            } || Area.polygon(polygon).contains(cell.centre)
        case .box, .cell:
            return Cell.rectangles(round: middle, reach: reach).contains { lat, lon in
                bounds.contains { box in
                    box.minLat <= lat.upperBound && box.maxLat >= lat.lowerBound
                        && box.minLon <= lon.upperBound && box.maxLon >= lon.lowerBound
                }
            }
        }
    }

    private static let metresPerDegree = Cell.earthRadiusM * 0.017453292519943295

    /// From a cell's middle to all positions of cells inside it, which stick out of it. The largest cells
    /// are 1.4 times as wide as the mean.
    private static let reachDegrees = Cell.reachDegrees(edges: 2)
}
