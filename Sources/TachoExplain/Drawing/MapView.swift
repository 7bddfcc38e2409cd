import TachoGeo

/// A piece of the Earth on the picture: metres around a centre, north up, one scale.
struct MapView {
    let centre: Coordinate
    let frame: Box
    /// px a metre.
    let scale: Double
    /// Metres east and north of `centre` at the middle of the frame.
    private let middle: (eastM: Double, northM: Double)

    /// Free space inside the frame around what must be seen, px.
    private static let marginPx = 72.0
    /// Never closer than this, m across: GPS says nothing about less.
    private static let leastM = 40.0

    /// Shows all `places`, and a circle around the centre unless it is so large that the rest would
    /// shrink to a dot.
    init(centre: Coordinate, places: [Coordinate], circleM: Double?, frame: Box) {
        var (west, east, south, north) = (0.0, 0.0, 0.0, 0.0)
        for place in places {
            let (x, y) = Distance.azimuthal(from: centre, to: place)
            (west, east) = (min(west, x), max(east, x))
            (south, north) = (min(south, y), max(north, y))
        }
        let extent = max(east - west, north - south, Self.leastM)
        if let circleM, circleM <= 2 * extent || circleM <= 250 {
            (west, east) = (min(west, -circleM), max(east, circleM))
            (south, north) = (min(south, -circleM), max(north, circleM))
        }
        self.centre = centre
        self.frame = frame
        middle = ((west + east) / 2, (south + north) / 2)
        scale = min(
            (frame.width - 2 * Self.marginPx) / max(east - west, Self.leastM),
            (frame.height - 2 * Self.marginPx) / max(north - south, Self.leastM))
    }

    func spot(_ place: Coordinate) -> Spot {
        let (east, north) = Distance.azimuthal(from: centre, to: place)
        return Spot(
            x: frame.x + frame.width / 2 + (east - middle.eastM) * scale,
            y: frame.y + frame.height / 2 - (north - middle.northM) * scale)
    }

    /// A round length for the scale bar, at most a fifth of the frame: 1, 2 or 5 times a power of
    /// ten metres.
    var barM: Double {
        let most = frame.width / 5 / scale
        var bar = 1e-3
        while true {
            for step in [2.0, 2.5, 2.0] {
                guard bar * step <= most else { return bar }
                bar *= step
            }
        }
    }
}
