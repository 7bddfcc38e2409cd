extension Polygon {
    /// The cells whose middle lies in the polygon: `polygonToCells`. Ascending by id.
    ///
    /// From the coarsest cells down. A cell whose surroundings no edge comes into is in or out as a
    /// whole; only those on the border are divided further. Cost: about 1 µs a cell of the answer, and
    /// for each cell on the border a look at every edge.
    package func cells(at resolution: Int) throws(CellError) -> [Cell] {
        guard (0...Cell.finestResolution).contains(resolution) else {
            throw .resolution(resolution)
        }
        var search = CellSearch(polygon: self, resolution: resolution)
        for base in 0..<122 {
            search.look(at: Cell(baseCell: base, digits: CellDigits(bits: 0), resolution: 0))
        }
        return search.found
    }
}

private struct CellSearch {
    let polygon: Polygon
    let resolution: Int
    let edges: [PlaneEdge]
    private(set) var found: [Cell] = []

    init(polygon: Polygon, resolution: Int) {
        self.polygon = polygon
        self.resolution = resolution
        edges = polygon.edges
    }

    mutating func look(at cell: Cell) {
        let middle = cell.centreDegrees
        if cell.resolution == resolution {
            if polygon.contains(lat: middle.lat, lon: middle.lon) { found.append(cell) }
            return
        }
        let isMixed = rectangles(round: middle, cell.resolution).contains { lat, lon in
            edges.contains { $0.enters(lat: lat, lon: lon) }
        }
        if !isMixed {
            guard polygon.contains(lat: middle.lat, lon: middle.lon) else { return }
            found += try! cell.children(at: resolution)
            return
        }
        for child in try! cell.children(at: cell.resolution + 1) { look(at: child) }
    }

    /// What the middles of all cells below lie in, as rectangles on the polygon's plane.
    private func rectangles(
        round middle: (lat: Double, lon: Double), _ resolution: Int
    ) -> [(ClosedRange<Double>, ClosedRange<Double>)] {
        let radius = Self.reachDegrees[resolution]
        let lat = max(-90, middle.lat - radius)...min(90, middle.lat + radius)
        guard middle.lat.magnitude + radius < 89.9 else { return [(lat, -540...540)] }
        let degree = 0.017453292519943295
        let east = arcSine(min(1, sine(radius * degree) / cosine(middle.lat * degree))) / degree
        let span = middle.lon - east...middle.lon + east
        // The plane of longitudes is one of several turns.
        return [-360, 0, 360].map { turn in
            (lat, span.lowerBound + turn...span.upperBound + turn)
        }
    }

    /// From a cell's middle to those of all cells below: the largest cells are 1.4 times as wide as the
    /// mean, and cells below stick out by a sixth.
    private static let reachDegrees: [Double] = (0...Cell.finestResolution).map {
        1.7 * Cell.averageEdgeM(resolution: $0) / Cell.earthRadiusM / 0.017453292519943295
    }
}
