/// Reads plain requests `T.GET rider` where they stand, many in one go: what clients that ask for
/// positions send all day. Requests with options, long names or anything unusual are left to
/// `RequestParser`, which reads the same bytes with the same meaning.
package enum LatestRequests {
    /// Finds the whole requests at the front of `bytes`, as many as `riders` has places, and notes
    /// where their riders lie. `bytes` starts where a request starts. Returns how many there are
    /// and how many bytes they have together.
    /// Cost: a few ns a request, no allocation.
    package static func read(
        _ bytes: RawSpan, into riders: UnsafeMutableBufferPointer<ArgumentSlice>
    ) -> (count: Int, bytes: Int) {
        var count = 0
        var at = 0
        while count < riders.count, let rider = rider(bytes, at) {
            riders[count] = rider
            count += 1
            at = Int(rider.start + rider.count) + 2
        }
        return (count, at)
    }

    /// The rider of the request at `start`; nil: it is another one, or not all there.
    @inline(__always)
    private static func rider(_ bytes: RawSpan, _ start: Int) -> ArgumentSlice? {
        // "*2", "$5", "T.GET", "$", one digit, line ends.
        guard start + 19 <= bytes.byteCount,
            word(bytes, start) == opening,
            word(bytes, start + 8) & nameMask == name
        else { return nil }
        var count = Int(bytes.byte(start + 16) &- 48)
        let second = Int(bytes.byte(start + 17) &- 48)
        guard (1..<10).contains(count) else { return nil }
        var from = start + 19
        if second < 10 {
            count = count * 10 + second
            from += 1
        }
        let end = from + count
        guard end + 2 <= bytes.byteCount, bytes.isLineEnd(from - 2), bytes.isLineEnd(end) else {
            return nil
        }
        return ArgumentSlice(start: UInt32(from), count: UInt32(count))
    }

    @inline(__always)
    private static func word(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
        UInt64(
            littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// `*2`, line end, `$5`, line end, the first byte lowest.
    private static var opening: UInt64 { 0x0A0D_3524_0A0D_322A }
    /// `T.GET`, line end, `$`.
    private static var name: UInt64 { 0x240A_0D54_4547_2E54 }
    /// Letters in either case.
    private static var nameMask: UInt64 { 0xFFFF_FFDF_DFDF_FFDF }
}
