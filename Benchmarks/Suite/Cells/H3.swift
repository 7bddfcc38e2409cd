import Foundation
import TachoGeo

extension Benchmark {
    /// Ids and coordinates of cells beside those of the h3 package, and what a position costs.
    ///
    /// Of the points seven tenths are anywhere, two in Korea and one within 1e-9 to 1e-5 rad of borders
    /// of cells, edges of the icosahedron and pentagons; resolutions 0…15 in turn. All cells down to the
    /// finest resolution of which there are a quarter as many as points.
    static let h3 = Benchmark(
        name: "h3", about: "H3 cells beside the h3 package: mismatches, and ns a position",
        isSweep: true
    ) { scale in
        let package = try H3Package()
        return try compared(package, scale.points) + speeds(package, scale)
    }

    /// In words what it lacks here; nil: nothing.
    package static var h3Missing: String? { H3Package.missing }

    private static func compared(_ package: H3Package, _ points: Int) throws -> [Measurement] {
        var comparison = H3Comparison(package)
        try comparison.positions(.world, points - points / 10 * 3, seed: 21)
        try comparison.positions(.korea, points / 5, seed: 22)
        try comparison.positions(.borders, points / 10, seed: 23)
        try comparison.cells(finest: finest(points))
        func figure(_ name: String, _ compared: H3Comparison.Compared) -> Measurement {
            Measurement(
                name, Double(compared.mismatches), "mismatches", n: compared.count,
                hash: comparison.hash.value)
        }
        return [
            figure("h3_mismatches", comparison.total),
            figure("h3_ids_mismatches", comparison.ids),
            figure("h3_centres_mismatches", comparison.centres),
            figure("h3_boundaries_mismatches", comparison.corners),
            figure("h3_disks_mismatches", comparison.disks),
            figure("h3_parents_mismatches", comparison.parents),
            figure("h3_children_mismatches", comparison.children),
            Measurement(
                "h3_coordinates_off", comparison.furthest * 1e15, "1e-15 rad",
                n: comparison.centres.count + comparison.corners.count,
                hash: comparison.hash.value),
        ]
    }

    /// 122 cells at resolution 0, seven times as many and two less at each of the next.
    private static func finest(_ points: Int) -> Int {
        var (finest, cells) = (0, 122)
        while finest < 5 && cells * 7 - 12 <= points / 4 {
            (finest, cells) = (finest + 1, cells * 7 - 12)
        }
        return finest
    }

    /// Resolution 9, positions as they are stored, in turn with the package's call.
    private static func speeds(_ package: H3Package, _ scale: Scale) throws -> [Measurement] {
        let count = min(262_144, scale.points)
        var figures: [Measurement] = []
        for (name, kind) in [("world", H3Positions.Kind.world), ("korea", .korea)] {
            let work = CellWork(kind, count)
            var (alone, together, theirs): ([Double], [Double], [Double]) = ([], [], [])
            var hash: UInt64 = 0
            for _ in 0..<scale.rounds {
                let (ns, found) = work.alone()
                alone.append(ns)
                let (nsTogether, foundTogether) = work.together()
                together.append(nsTogether)
                guard found == foundTogether else {
                    throw PeerError("many positions at once have other cells than each alone")
                }
                hash = found
                theirs.append(
                    try package.nanosecondsACall(
                        lat: work.latDegrees, lon: work.lonDegrees, resolution: CellWork.resolution)
                )
            }
            figures += [
                Measurement("h3_alone_\(name)", Timing.median(alone), "ns", n: count, hash: hash),
                Measurement("h3_many_\(name)", Timing.median(together), "ns", n: count, hash: hash),
                Measurement(
                    "h3_package_\(name)", Timing.median(theirs), "ns", n: count, hash: hash),
            ]
        }
        return figures
    }
}

/// Positions and room for their cells.
private final class CellWork {
    static let resolution = 9
    private var latE7: [Int32] = []
    private var lonE7: [Int32] = []
    private var ids: [UInt64]

    init(_ kind: H3Positions.Kind, _ count: Int) {
        var source = H3Positions(seed: 24)
        for _ in 0..<count {
            let at = source.next(kind, resolution: Self.resolution)
            latE7.append(Int32((at.lat * 1e7).rounded()))
            lonE7.append(Int32((at.lon * 1e7).rounded()))
        }
        ids = [UInt64](repeating: 0, count: count)
    }

    var latDegrees: [Double] { latE7.map { Double($0) / 1e7 } }
    var lonDegrees: [Double] { lonE7.map { Double($0) / 1e7 } }

    func alone() -> (ns: Double, hash: UInt64) {
        let seconds = Timing.seconds {
            for n in 0..<ids.count {
                ids[n] =
                    Cell.containing(
                        Coordinate(latE7: latE7[n], lonE7: lonE7[n]), resolution: Self.resolution
                    ).rawValue
            }
        }
        return (seconds / Double(ids.count) * 1e9, hash)
    }

    func together() -> (ns: Double, hash: UInt64) {
        // Nothing of what stood there is to pass for a result.
        for n in ids.indices { ids[n] = 0xDEAD }
        let seconds = Timing.seconds {
            ids.withUnsafeMutableBufferPointer { ids in
                latE7.withUnsafeBufferPointer { lat in
                    lonE7.withUnsafeBufferPointer { lon in
                        Cell.containing(
                            latE7: lat, lonE7: lon, resolution: Self.resolution, into: ids)
                    }
                }
            }
        }
        return (seconds / Double(ids.count) * 1e9, hash)
    }

    private var hash: UInt64 {
        var hash = ResultHash()
        for id in ids { hash.mix(id) }
        return hash.value
    }
}
