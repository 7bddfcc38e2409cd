/// An area within a ring of straight edges, less the holes in it. Borders belong to it.
///
/// Edges are straight in latitude and longitude, and go the shorter way round: one from 170° to −170°
/// crosses the antimeridian. A ring may not go all the way round the Earth.
package struct Polygon: Hashable, Sendable {
    /// Closed, the outer one first. Over the antimeridian longitudes go on beyond 180°.
    package let rings: [[PlanePosition]]
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
        var unwrapped: [[PlanePosition]] = []
        for (index, ring) in rings.enumerated() {
            var ring = Self.unwrapped(ring)
            // An edge is never longer than half the way round, so a ring that is not closed now went
            // all the way.
            guard ring.first == ring.last else { throw .roundThePole(ring: index) }
            if let first = unwrapped.first { ring = Self.moved(ring, to: first) }
            unwrapped.append(ring)
        }
        self.rings = unwrapped
        lats = outer.map(\.lat).min()!...outer.map(\.lat).max()!
        lons = unwrapped[0].map(\.lon).min()!...unwrapped[0].map(\.lon).max()!
        try checkCrossings()
    }

    /// Longitudes go on beyond ±180° where an edge is shorter that way. From the lowest turn that has
    /// one of −180° to 180°.
    private static func unwrapped(_ ring: [PlanePosition]) -> [PlanePosition] {
        var turn = 0.0
        var last = ring[0].lon
        var points: [PlanePosition] = []
        for p in ring {
            if p.lon + turn - last > 180 { turn -= 360 }
            if p.lon + turn - last < -180 { turn += 360 }
            last = p.lon + turn
            points.append(PlanePosition(lat: p.lat, lon: last))
        }
        guard points.map(\.lon).min()! < -180 else { return points }
        return points.map { PlanePosition(lat: $0.lat, lon: $0.lon + 360) }
    }

    /// A hole on the turn that the outer ring is on.
    private static func moved(
        _ ring: [PlanePosition], to outer: [PlanePosition]
    ) -> [PlanePosition] {
        let lons = outer.map(\.lon).min()!...outer.map(\.lon).max()!
        for turn in [0.0, 360, -360] where lons.contains(ring[0].lon + turn) {
            return ring.map { PlanePosition(lat: $0.lat, lon: $0.lon + turn) }
        }
        return ring
    }

    package var crossesAntimeridian: Bool { lons.upperBound > 180 }

    package func contains(lat: Double, lon: Double) -> Bool {
        guard lats.contains(lat) else { return false }
        return lons.contains(lon) && holds(PlanePosition(lat: lat, lon: lon))
            || lons.contains(lon + 360) && holds(PlanePosition(lat: lat, lon: lon + 360))
    }

    private func holds(_ p: PlanePosition) -> Bool {
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
