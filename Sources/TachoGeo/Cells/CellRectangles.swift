extension Cell {
    /// A rectangle of latitude and longitude that holds all within a reach of a middle, degrees, on the
    /// plane of longitudes of three turns; by a pole all longitudes.
    static func rectangles(
        round middle: (lat: Double, lon: Double), reach: Double
    ) -> [(lat: ClosedRange<Double>, lon: ClosedRange<Double>)] {
        let lat = max(-90, middle.lat - reach)...min(90, middle.lat + reach)
        guard middle.lat.magnitude + reach < 89.9 else { return [(lat, -540...540)] }
        let degree = 0.017453292519943295
        let east = arcSine(min(1, sine(reach * degree) / cosine(middle.lat * degree))) / degree
        return [-360, 0, 360].map { turn in
            (lat, middle.lon - east + turn...middle.lon + east + turn)
        }
    }

    /// So many mean edges of each resolution, degrees.
    static func reachDegrees(edges: Double) -> [Double] {
        (0...finestResolution).map {
            edges * averageEdgeM(resolution: $0) / earthRadiusM / 0.017453292519943295
        }
    }
}
