/// An area within a ring of straight edges, less the holes in it. Borders belong to it.
///
/// Edges are straight in latitude and longitude. A ring whose edges span more than 180° of longitude
/// goes the other way round, over the antimeridian.
package struct Polygon: Hashable, Sendable {
    /// Closed, the outer one first. Over the antimeridian longitudes go on beyond 180°.
    package let rings: [[PlanePosition]]
    package let crossesAntimeridian: Bool
    let lats: ClosedRange<Double>
    let lons: ClosedRange<Double>

    package static let mostPoints = 10_000

    /// Checked whole: an area that is not what was meant would be asked for in vain.
    /// Cost: as the square of the points, 0.1 s for 10,000.
    package init(rings: [[PlanePosition]]) throws(AreaError) {
        guard let outer = rings.first else { throw .noRing }
        guard rings.reduce(0, { $0 + $1.count }) <= Self.mostPoints else { throw .tooManyPoints }
        for ring in rings.joined() {
            guard ring.lat.magnitude <= 90, ring.lon.magnitude <= 180 else { throw .notAPosition }
        }
        for (index, ring) in rings.enumerated() {
            guard ring.first == ring.last || ring.count < 2 else { throw .open(ring: index) }
            guard ring.count >= 4 else { throw .fewPoints(ring: index) }
        }
        let isAcross = rings.contains { ring in
            zip(ring, ring.dropFirst()).contains { abs($0.lon - $1.lon) > 180 }
        }
        crossesAntimeridian = isAcross
        self.rings = rings.map { ring in
            ring.map { Self.unwrapped($0, isAcross) }
        }
        let points = outer.map { Self.unwrapped($0, isAcross) }
        lats = points.map(\.lat).min()!...points.map(\.lat).max()!
        lons = points.map(\.lon).min()!...points.map(\.lon).max()!
        try checkCrossings()
    }

    private static func unwrapped(_ p: PlanePosition, _ isAcross: Bool) -> PlanePosition {
        isAcross && p.lon < 0 ? PlanePosition(lat: p.lat, lon: p.lon + 360) : p
    }

    package func contains(lat: Double, lon: Double) -> Bool {
        let p = Self.unwrapped(PlanePosition(lat: lat, lon: lon), crossesAntimeridian)
        guard lats.contains(p.lat), lons.contains(p.lon) else { return false }
        var isInside = false
        for ring in rings {
            for (from, to) in zip(ring, ring.dropFirst()) {
                let edge = PlaneEdge(from: from, to: to)
                if edge.has(p) { return true }
                // The ray eastwards meets it: one end above, the other not.
                guard (from.lat > p.lat) != (to.lat > p.lat) else { continue }
                if (edge.side(of: p) > 0) == (to.lat > from.lat) { isInside.toggle() }
            }
        }
        return isInside
    }

    var edges: [PlaneEdge] {
        rings.flatMap { ring in
            zip(ring, ring.dropFirst()).map { PlaneEdge(from: $0, to: $1) }
        }
    }

    private func checkCrossings() throws(AreaError) {
        for (index, ring) in rings.enumerated() {
            let edges = zip(ring, ring.dropFirst()).map { PlaneEdge(from: $0, to: $1) }
            guard !Self.crossesItself(edges) else { throw .selfCrossing(ring: index) }
            for other in 0..<index {
                let others = zip(rings[other], rings[other].dropFirst()).map {
                    PlaneEdge(from: $0, to: $1)
                }
                let meets = edges.contains { edge in others.contains { edge.meets($0) } }
                if meets { throw .crossingRings(other, index) }
            }
            guard index == 0 || isInOuter(ring[0]) else { throw .holeOutside(ring: index) }
        }
    }

    private func isInOuter(_ p: PlanePosition) -> Bool {
        var isInside = false
        for (from, to) in zip(rings[0], rings[0].dropFirst())
        where (from.lat > p.lat) != (to.lat > p.lat) {
            let side = PlaneEdge(from: from, to: to).side(of: p)
            if (side > 0) == (to.lat > from.lat) { isInside.toggle() }
        }
        return isInside
    }

    /// Edges of one ring meet in the point they share, and nowhere else.
    private static func crossesItself(_ edges: [PlaneEdge]) -> Bool {
        for i in edges.indices {
            guard edges[i].from != edges[i].to else { return true }
            for j in edges.indices where j > i {
                let isNext = j == i + 1
                let isLast = i == 0 && j == edges.count - 1
                if isNext {
                    if edges[i].has(edges[j].to) || edges[j].has(edges[i].from) { return true }
                } else if isLast {
                    if edges[i].has(edges[j].from) || edges[j].has(edges[i].to) { return true }
                } else if edges[i].meets(edges[j]) {
                    return true
                }
            }
        }
        return false
    }
}
