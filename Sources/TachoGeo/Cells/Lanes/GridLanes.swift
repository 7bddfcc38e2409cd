/// The grid points of several positions on the planes of their faces, and whether they are beyond
/// doubt: see `CellLocator`.
struct GridLanes<Lanes: PositionLanes> {
    let fold: Lanes.Integers
    let a: Lanes.Integers
    let b: Lanes.Integers
    /// Where not, the three others mean nothing, but name a fold.
    let isSure: Lanes.Mask

    @inline(__always)
    init(_ p: VectorLanes<Lanes>, resolution: Int, _ lookup: CellLookup) {
        let face = NearestFace(p)
        let (axisA, axisB) = lookup.axes(face.fold, isOdd: resolution & 1 == 1, Lanes.self)
        let units = FaceAxes.unitsPerRadius[resolution]
        let scale = units / face.nearness
        let point = Rounded(a: p.dot(axisA) * scale, b: p.dot(axisB) * scale)
        fold = face.fold
        a = point.a.integers
        b = point.b.integers
        isSure =
            (point.off .< 0.5 - units * CellLocator.doubtRadians)
            .& (face.lead .> CellLocator.doubtRadians)
            .& (face.nearness .< CellLocator.cosineNearMiddle)
    }

    /// The grid points nearest to a + b ω.
    private struct Rounded {
        let a: Lanes
        let b: Lanes
        /// How far the position is from the point, measured along the widths of its hexagon: half a
        /// grid unit on its border.
        let off: Lanes

        /// a − b, b and −a are the position's three coordinates of sum 0 along the axes; rounding all
        /// three and mending the one that moved most gives the nearest point.
        @inline(__always)
        init(a: Lanes, b: Lanes) {
            let difference = a - b
            let (first, second, third) = (difference.rounded, b.rounded, a.rounded)
            let (movedFirst, movedSecond, movedThird) = (
                (first - difference).size, (second - b).size, (third - a).size
            )
            let isFirst = movedSecond.orMore(movedThird) .<= movedFirst
            let isSecond = (movedThird .<= movedSecond) .& .!isFirst
            self.b = second.replacing(with: third - first, where: isSecond)
            self.a = (first + second).replacing(with: third, where: isFirst .| isSecond)
            let (u, v) = (a - self.a, b - self.b)
            off = (u - v * 0.5).size.orMore((v - u * 0.5).size).orMore(((u + v) * 0.5).size)
        }
    }
}
