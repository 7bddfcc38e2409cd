/// The border of an area with the metres to it: what a geofence needs besides who is inside.
///
/// Metres are those on the plane that touches WGS84 at the position asked about (its radii of
/// curvature there), so they are right near the border, which is where they decide; a circle's are
/// geodesics. How far one may go without a change is given as a lower bound.
package struct AreaOutline: Sendable {
    package let area: Area
    /// Of polygons and cells.
    private let edges: [PlaneEdge]
    /// How far the border can be from those edges, m: sides of cells are not straight on this plane.
    private let slackM: Double

    /// Beyond this distance bounds say no more: the plane bends.
    private static let farM = 10_000.0
    /// Nearer to a pole than 5° a degree of longitude changes too fast for such a plane.
    fileprivate static let highestLatE7: Int32 = 850_000_000
    private static let share = 0.95

    package init(_ area: Area) {
        self.area = area
        switch area {
        case .circle, .box: (edges, slackM) = ([], 0)
        case .polygon(let polygon): (edges, slackM) = (polygon.edges, 0)
        case .cell(let cell):
            let corners = cell.boundaryDegrees.map { PlanePosition(lat: $0.lat, lon: $0.lon) }
            edges = corners.indices.map { index in
                let from = corners[index]
                var to = corners[(index + 1) % corners.count]
                to.lon = from.lon + Box.wrapped(to.lon - from.lon)
                return PlaneEdge(from: from, to: to)
            }
            slackM = Self.sag(corners)
        }
    }

    /// A great circle of length L leaves the straight line between its ends by L² tan(lat) / 8 R.
    private static func sag(_ corners: [PlanePosition]) -> Double {
        let highest = min(corners.map { $0.lat.magnitude }.max()!, 89)
        let radians = highest * 0.017453292519943295
        let longest = corners.indices.map { index in
            let (a, b) = (corners[index], corners[(index + 1) % corners.count])
            return Distance.geodesic(lat1: a.lat, lon1: a.lon, lat2: b.lat, lon2: b.lon)
        }.max()!
        return 1 + longest * longest * (1 + sine(radians) / cosine(radians)) / 8 / 6_350_000
    }

    package func contains(_ position: Coordinate) -> Bool { area.contains(position) }

    /// Memory on the heap, with the area's own, about.
    package var bytes: Int {
        let points =
            if case .polygon(let polygon) = area { polygon.rings.joined().count } else { 0 }
        return points * MemoryLayout<PlanePosition>.stride
            + edges.count * MemoryLayout<PlaneEdge>.stride
    }

    /// Whether a position is outside, and more than `marginM` from the area.
    package func isBeyond(_ marginM: Double, _ position: Coordinate) -> Bool {
        if case .circle(let circle) = area { return circle.isBeyond(marginM, position) }
        return !area.contains(position) && borderM(position) > marginM
    }

    /// From outside: how far one can go, at least, before the area can begin, m.
    package func roomToEnterM(_ position: Coordinate) -> Double {
        guard position.latE7.magnitude < Self.highestLatE7.magnitude else { return 0 }
        if case .circle(let circle) = area { return circle.roomToEnterM(position) }
        return Self.bounded(borderM(position) - slackM)
    }

    /// Not beyond the margin: how far one can go, at least, before one is, m.
    package func roomToLeaveM(_ position: Coordinate, marginM: Double) -> Double {
        guard position.latE7.magnitude < Self.highestLatE7.magnitude else { return 0 }
        if case .circle(let circle) = area {
            return circle.roomToLeaveM(position, marginM: marginM)
        }
        let border = borderM(position)
        return Self.bounded(
            area.contains(position) ? border + marginM - slackM : marginM - border - slackM)
    }

    fileprivate static func bounded(_ metres: Double) -> Double {
        max(0, min(metres, farM)) * share
    }

    /// To the nearest point of the border, m. Not of a circle.
    private func borderM(_ position: Coordinate) -> Double {
        let plane = GroundPlane(position)
        if case .box(let box) = area { return plane.metres(to: box) }
        var nearest = Double.infinity
        for edge in edges { nearest = min(nearest, plane.squaredMetres(to: edge)) }
        return nearest.squareRoot()
    }
}

/// A circle's, without an outline: what there are most of costs no memory of its own.
extension Circle {
    package func isBeyond(_ marginM: Double, _ position: Coordinate) -> Bool {
        let (nearestM, furthestM) = distanceBoundsM(to: position)
        if nearestM > radiusM + marginM { return true }
        if furthestM <= radiusM + marginM { return false }
        return distanceM(to: position) > radiusM + marginM
    }

    package func roomToEnterM(_ position: Coordinate) -> Double {
        guard position.latE7.magnitude < AreaOutline.highestLatE7.magnitude else { return 0 }
        return AreaOutline.bounded(distanceBoundsM(to: position).nearest - radiusM)
    }

    package func roomToLeaveM(_ position: Coordinate, marginM: Double) -> Double {
        guard position.latE7.magnitude < AreaOutline.highestLatE7.magnitude else { return 0 }
        return AreaOutline.bounded(radiusM + marginM - distanceBoundsM(to: position).furthest)
    }
}

/// The plane on the ground at a position: metres north and east of it.
private struct GroundPlane {
    let lat: Double
    let lon: Double
    let metresPerLat: Double
    let metresPerLon: Double

    init(_ position: Coordinate) {
        lat = position.lat
        lon = position.lon
        let radians = lat * 0.017453292519943295
        let s = sine(radians)
        let squared = 1 - Distance.eccentricitySquared * s * s
        let primeVertical = Distance.semiMajorM / squared.squareRoot()
        metresPerLon = primeVertical * cosine(radians) * 0.017453292519943295
        metresPerLat =
            primeVertical * (1 - Distance.eccentricitySquared) / squared * 0.017453292519943295
    }

    /// From −180° to 180°.
    private func east(_ lon: Double) -> Double {
        let east = lon - self.lon
        return east - 360 * (east / 360).rounded()
    }

    func squaredMetres(to edge: PlaneEdge) -> Double {
        let x = east(edge.from.lon) * metresPerLon
        let y = (edge.from.lat - lat) * metresPerLat
        let dx = (edge.to.lon - edge.from.lon) * metresPerLon
        let dy = (edge.to.lat - edge.from.lat) * metresPerLat
        let length = dx * dx + dy * dy
        // Where along the edge its nearest point is, from 0 to 1.
        let t = length > 0 ? min(1, max(0, -(x * dx + y * dy) / length)) : 0
        let (nearX, nearY) = (x + t * dx, y + t * dy)
        return nearX * nearX + nearY * nearY
    }

    /// From inside to its nearest side, from outside to its nearest point.
    func metres(to box: Box) -> Double {
        let above = (lat - box.maxLat) * metresPerLat
        let below = (box.minLat - lat) * metresPerLat
        let isAround = box.maxLon - box.minLon >= 360
        let isWithin =
            isAround || box.contains(box.minLat, lon)
            || lon.magnitude == 180
                && box.contains(box.minLat, -lon)
        let sides =
            isAround
            ? Double.infinity
            : min(east(box.minLon).magnitude, east(box.maxLon).magnitude) * metresPerLon
        let outside = max(above, below)
        if isWithin { return outside > 0 ? outside : min(-outside, sides) }
        return outside > 0 ? (outside * outside + sides * sides).squareRoot() : sides
    }
}
