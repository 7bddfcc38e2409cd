import Foundation
import TachoGeo

/// Our cells beside those of the h3 package, and what differs.
struct H3Comparison {
    private let package: H3Package
    private(set) var ids = Compared()
    private(set) var centres = Compared()
    private(set) var corners = Compared()
    private(set) var disks = Compared()
    private(set) var parents = Compared()
    private(set) var children = Compared()
    /// The greatest distance of two coordinates, rad.
    private(set) var furthest = 0.0
    private(set) var hash = ResultHash()

    struct Compared {
        var count = 0
        var mismatches = 0

        mutating func note(_ isSame: Bool) {
            count += 1
            if !isSame { mismatches += 1 }
        }
    }

    static let toleranceRadians = 1e-12
    private static let batch = 65_536

    init(_ package: H3Package) { self.package = package }

    /// All that was compared.
    var total: Compared {
        [ids, centres, corners, disks, parents, children].reduce(into: Compared()) {
            $0.count += $1.count
            $0.mismatches += $1.mismatches
        }
    }

    // MARK: Positions

    /// Ids of positions of all resolutions, one alone and many at once, and where their cells are.
    mutating func positions(_ kind: H3Positions.Kind, _ count: Int, seed: UInt64) throws {
        var source = H3Positions(seed: seed)
        var left = count
        while left > 0 {
            let size = min(left, Self.batch)
            left -= size
            var (lat, lon): ([Double], [Double]) = ([], [])
            var resolutions: [UInt8] = []
            // Stretches of one resolution, for those answered together; of all lengths up to 63.
            while lat.count < size {
                let resolution = lat.count % 16
                for _ in 0..<min(1 + lat.count * 7 % 63, size - lat.count) {
                    let at = source.next(kind, resolution: resolution)
                    lat.append(at.lat)
                    lon.append(at.lon)
                    resolutions.append(UInt8(resolution))
                }
            }
            try compare(lat, lon, resolutions)
        }
    }

    private mutating func compare(
        _ lat: [Double], _ lon: [Double], _ resolutions: [UInt8]
    ) throws {
        let expected = try package.cells(lat: lat, lon: lon, resolutions: resolutions)
        guard expected.count == lat.count else { throw PeerError("h3_peer.py: ids are missing") }
        for (n, id) in expected.enumerated() {
            let cell = Cell.containing(
                latDegrees: lat[n], lonDegrees: lon[n], resolution: Int(resolutions[n]))
            ids.note(cell.rawValue == id)
            hash.mix(cell.rawValue)
        }
        for (n, id) in Self.together(lat, lon, resolutions).enumerated() {
            ids.note(id == expected[n])
        }
        try compareCentres(of: expected)
    }

    private static func together(
        _ lat: [Double], _ lon: [Double], _ resolutions: [UInt8]
    ) -> [UInt64] {
        var ids = [UInt64](repeating: 0, count: lat.count)
        ids.withUnsafeMutableBufferPointer { ids in
            lat.withUnsafeBufferPointer { lat in
                lon.withUnsafeBufferPointer { lon in
                    var first = 0
                    while first < ids.count {
                        let end =
                            resolutions[first...].firstIndex { $0 != resolutions[first] }
                            ?? ids.count
                        Cell.containing(
                            latDegrees: UnsafeBufferPointer(rebasing: lat[first..<end]),
                            lonDegrees: UnsafeBufferPointer(rebasing: lon[first..<end]),
                            resolution: Int(resolutions[first]),
                            into: UnsafeMutableBufferPointer(rebasing: ids[first..<end]))
                        first = end
                    }
                }
            }
        }
        return ids
    }

    // MARK: Cells

    /// All cells down to a resolution: where they are, and what is around, above and below them.
    mutating func cells(finest: Int) throws {
        for resolution in 0...finest {
            var some: [UInt64] = []
            for root in Cell.roots {
                for cell in try root.children(at: resolution) {
                    some.append(cell.rawValue)
                    if some.count == Self.batch {
                        try compare(some)
                        some.removeAll(keepingCapacity: true)
                    }
                }
            }
            try compare(some)
        }
    }

    private mutating func compare(_ some: [UInt64]) throws {
        let cells = some.map { Cell(rawValue: $0) }
        try compareCentres(of: some)
        try compareCorners(of: some)
        for k: UInt8 in 1...2 {
            let expected = try package.disks(k, some)
            try Self.compare(cells, expected, &disks) {
                try $0.disk(Int(k)).sorted { $0.rawValue < $1.rawValue }
            }
        }
        try Self.compare(cells, try package.parents(some), &parents) {
            $0.resolution == 0 ? [] : [try $0.parent(at: $0.resolution - 1)]
        }
        try Self.compare(cells, try package.children(some), &children) {
            Array(try $0.children(at: $0.resolution + 1))
        }
    }

    private static func compare(
        _ cells: [Cell], _ expected: (counts: [UInt8], ids: [UInt64]), _ compared: inout Compared,
        _ ours: (Cell) throws -> [Cell]
    ) throws {
        var first = 0
        for (n, cell) in cells.enumerated() {
            let end = first + Int(expected.counts[n])
            compared.note(
                try ours(cell).map(\.rawValue).elementsEqual(expected.ids[first..<end]))
            first = end
        }
        guard first == expected.ids.count else { throw PeerError("h3_peer.py: too many ids") }
    }

    private mutating func compareCentres(of ids: [UInt64]) throws {
        let expected = try package.centres(ids)
        for (n, id) in ids.enumerated() {
            let off = apart(
                [Cell(rawValue: id).centreDegrees], [(expected[2 * n], expected[2 * n + 1])])
            centres.note(off <= Self.toleranceRadians)
        }
    }

    private mutating func compareCorners(of ids: [UInt64]) throws {
        let expected = try package.corners(ids)
        var first = 0
        for (n, id) in ids.enumerated() {
            let theirs = (0..<Int(expected.counts[n])).map {
                (expected.degrees[first + 2 * $0], expected.degrees[first + 2 * $0 + 1])
            }
            first += 2 * theirs.count
            let off = apart(Cell(rawValue: id).boundaryDegrees, theirs)
            corners.note(off <= Self.toleranceRadians)
        }
    }

    /// The greatest distance of two rows of positions, rad.
    private mutating func apart(
        _ ours: [(lat: Double, lon: Double)], _ theirs: [(lat: Double, lon: Double)]
    ) -> Double {
        guard ours.count == theirs.count else { return .infinity }
        var off = 0.0
        for (a, b) in zip(ours, theirs) {
            let east = (a.lon - b.lon).remainder(dividingBy: 360) * cos(b.lat * .pi / 180)
            let here = max(abs(a.lat - b.lat), abs(east)) * .pi / 180
            // max() would pass over what is no number.
            guard (a.lat - b.lat + east).isFinite else { return .infinity }
            off = max(off, here)
        }
        furthest = max(furthest, off)
        return off
    }
}
