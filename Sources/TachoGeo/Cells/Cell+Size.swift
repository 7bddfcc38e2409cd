extension Cell {
    /// Radius of the sphere H3 measures on, m: that of the same surface as WGS84's ellipsoid.
    package static let earthRadiusM = 6_371_007.180918475

    /// The cell's own area on that sphere, m²: `cellArea`. The cell must be valid. Areas differ by a
    /// factor of two over the Earth. Error: 1e-9 of it down to resolution 9, and below that what the
    /// difference of two near angles leaves. Cost: about 3 µs.
    package var areaSquareMetres: Double {
        let middle = centreRadians
        let corners = boundaryRadians
        var steradians = 0.0
        for (index, corner) in corners.enumerated() {
            steradians += Self.triangle(corner, corners[(index + 1) % corners.count], middle)
        }
        return steradians * Self.earthRadiusM * Self.earthRadiusM
    }

    /// Of the edges of all cells of a resolution, m, mean: `getHexagonEdgeLengthAvg`.
    package static func averageEdgeM(resolution: Int) -> Double { averageEdgesM[resolution] }

    /// Of the hexagons of a resolution, m², mean: `getHexagonAreaAvg`.
    package static func averageAreaM2(resolution: Int) -> Double { averageAreasM2[resolution] }

    /// Of a spherical triangle with these corners, steradians (l'Huilier).
    private static func triangle(
        _ a: (lat: Double, lon: Double), _ b: (lat: Double, lon: Double),
        _ c: (lat: Double, lon: Double)
    ) -> Double {
        let (x, y, z) = (angle(a, b), angle(b, c), angle(c, a))
        let half = (x + y + z) / 2
        let product =
            tangent(half / 2) * tangent((half - x) / 2) * tangent((half - y) / 2)
            * tangent((half - z) / 2)
        return 4 * arcTangent(product.squareRoot(), over: 1)
    }

    /// Between two points, rad (haversine).
    private static func angle(
        _ a: (lat: Double, lon: Double), _ b: (lat: Double, lon: Double)
    ) -> Double {
        let (north, east) = (sine((b.lat - a.lat) * 0.5), sine((b.lon - a.lon) * 0.5))
        let h = north * north + east * east * cosine(a.lat) * cosine(b.lat)
        return 2 * arcTangent(h.squareRoot(), over: (1 - h).squareRoot())
    }

    /// H3's published means, as `h3.average_hexagon_area` and `average_hexagon_edge_length` of h3 4.5.0
    /// tell them.
    private static let averageAreasM2: [Double] = [
        4357449416078.3833, 609788441794.1332, 86801780398.99721,
        12393434655.08816, 1770347654.491307, 252903858.1819449,
        36129062.164412454, 5161293.359717191, 737327.5975944176,
        105332.51342720671, 15047.50190766435, 2149.643129451879,
        307.091875631606, 43.870267947282954, 6.2671811353243125,
        0.895311590760579,
    ]

    private static let averageEdgesM: [Double] = [
        1281256.011, 483056.8391, 182512.9565, 68979.22179,
        26071.75968, 9854.09099, 3724.532667, 1406.475763,
        531.41401, 200.786148, 75.863783, 28.663897,
        10.830188, 4.09201, 1.5461, 0.584169,
    ]
}
