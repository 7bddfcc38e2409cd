/// Why a question about cells has no answer.
package enum CellError: Error, Hashable, CustomStringConvertible {
    /// Resolutions are 0…15.
    case resolution(Int)
    /// Asked for the cell above at a finer resolution, or for cells below at a coarser one.
    case wrongWay(from: Int, to: Int)
    /// The bits are no cell's.
    case notACell(UInt64)
    /// A distance in cells is 0 or more.
    case distance(Int)
    /// A set of cells has one twice, or one inside another.
    case overlap(Cell)
    /// A set of cells of different resolutions where one is asked for.
    case mixedResolutions(Int, Int)

    package var description: String {
        switch self {
        case .resolution(let r): "resolution \(r): 0 to 15"
        case .wrongWay(let from, let to):
            "resolution \(to): there are none on that side of resolution \(from)"
        case .notACell(let bits): "\(String(bits, radix: 16)): not a cell of H3"
        case .distance(let k): "\(k) cells: 0 or more"
        case .overlap(let cell): "\(cell.hex): twice, or inside another cell of the set"
        case .mixedResolutions(let a, let b):
            "cells of resolutions \(a) and \(b): all must have one resolution"
        }
    }
}
