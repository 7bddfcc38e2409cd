package import TachoGeo

/// The column block: the fixes of one rider, column by column, without a header of its own.
///
/// Used by chunks, tails and segments alike, so that one decoder reads them all. The count is
/// given from outside. Same fixes, same bytes. Layout: `format-spec.md` §3.
package enum FixColumns {
    /// Fixes a block can hold.
    package static let maxCount = 65_535

    /// Appends the columns of `fixes` to `out`.
    ///
    /// - Parameters:
    ///   - fixes: at most `maxCount`, best in order of time. Receipt times are tsMs plus a
    ///     multiple of 64 ms (`StoredFix.quantisedReceipt`). `claimedRecvMs` is kept only where
    ///     the provenance is `claimed`, and comes back as 0 elsewhere.
    ///   - arrivals: for each fix, how many of the rider and range had arrived before it.
    ///
    /// A field outside its legal range stops the program: it would be unreadable afterwards.
    /// Makes an encoder; where several blocks are written, use one `ChunkEncoder` for all.
    package static func encode(
        _ fixes: UnsafeBufferPointer<StoredFix>, arrivals: UnsafeBufferPointer<UInt32>,
        into out: inout [UInt8]
    ) {
        precondition(fixes.count <= maxCount && arrivals.count == fixes.count)
        guard fixes.count > 0 else { return }
        var encoder = ChunkEncoder(capacity: fixes.count)
        encoder.columns.fill(fixes, arrivals: arrivals)
        encoder.encodeBlock(into: &out)
    }

    /// Appends the `count` fixes in `bytes`, and their arrivals, to the arrays.
    ///
    /// All bytes must be used. On an error the arrays are as they were before. Makes memory for
    /// the columns; `decode(_:count:into:)` reuses it.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, count: Int, fixes: inout [StoredFix],
        arrivals: inout [UInt32]
    ) throws(ColumnError) {
        var columns = ChunkColumns()
        try decode(bytes, count: count, into: &columns)
        columns.append(to: &fixes, arrivals: &arrivals)
    }

    /// Puts the `count` fixes in `bytes` into `columns`, which grow if they have to. All bytes
    /// must be used. On an error the columns hold none.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, count: Int, into columns: inout ChunkColumns
    ) throws(ColumnError) {
        guard count >= 0 && count <= maxCount else { throw .countOutOfRange }
        columns.count = 0
        guard count > 0 else {
            if bytes.isEmpty { return }
            throw .trailingBytes
        }
        columns.makeRoom(for: count)
        var decoder = BlockDecoder(bytes, count: count, columns)
        try decoder.decode()
        columns.count = count
    }
}
