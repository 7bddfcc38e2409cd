import FormatSpec

/// A field of a layout as §9 of `format-spec.md` states it.
struct SegmentSpecRow: Equatable {
    var offset: Int
    var size: Int
    var type: String
    var name: String
}

extension SpecPage {
    /// The rows of the layout whose fourth column is `heading`.
    func fields(_ heading: String) -> [SegmentSpecRow] {
        rows("offset | size | type | \(heading)").compactMap { cells in
            guard cells.count >= 4, let offset = Int(cells[0]), let size = Int(cells[1]) else {
                return nil
            }
            return SegmentSpecRow(offset: offset, size: size, type: cells[2], name: cells[3])
        }
    }
}
