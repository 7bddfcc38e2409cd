// Not inlined: it is a large piece of code, and where Swift 6.3.1 had inlined it below a literal array
// of ids, what was read of the array afterwards were the literals.

extension Cell {
    /// The cells of `resolution` (0…15) many stored positions lie in: for each what `containing` says.
    /// `cells` gets an id for each, and may be longer. Cost: 22 ns a position at resolution 9.
    @inline(never)
    package static func containing(
        latE7: UnsafeBufferPointer<Int32>, lonE7: UnsafeBufferPointer<Int32>, resolution: Int,
        into cells: UnsafeMutableBufferPointer<UInt64>
    ) {
        precondition(latE7.count == lonE7.count && latE7.count <= cells.count)
        CellBlock.locate(latE7.count, resolution: resolution, into: cells) { n in
            (
                Double(latE7[n]) * CellLocator.radiansPerE7,
                Double(lonE7[n]) * CellLocator.radiansPerE7
            )
        } exactly: { n in
            Vector(Coordinate(latE7: latE7[n], lonE7: lonE7[n]))
        }
    }

    /// The same of positions in degrees, which must be finite.
    @inline(never)
    package static func containing(
        latDegrees: UnsafeBufferPointer<Double>, lonDegrees: UnsafeBufferPointer<Double>,
        resolution: Int, into cells: UnsafeMutableBufferPointer<UInt64>
    ) {
        precondition(latDegrees.count == lonDegrees.count && latDegrees.count <= cells.count)
        CellBlock.locate(latDegrees.count, resolution: resolution, into: cells) { n in
            (
                SineCosine.taken(latDegrees[n] * radiansPerDegree),
                SineCosine.taken(lonDegrees[n] * radiansPerDegree)
            )
        } exactly: { n in
            Vector(
                latRadians: latDegrees[n] * radiansPerDegree,
                lonRadians: lonDegrees[n] * radiansPerDegree)
        }
    }
}
