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
    /// Cost: about 250 ns a fix in blocks of 256, twice that in blocks of 32; some allocations a
    /// block, none a fix.
    package static func encode(
        _ fixes: UnsafeBufferPointer<StoredFix>, arrivals: UnsafeBufferPointer<UInt32>,
        into out: inout [UInt8]
    ) {
        precondition(fixes.count <= maxCount && arrivals.count == fixes.count)
        guard fixes.count > 0 else { return }
        var writer = ByteWriter()
        swap(&writer.bytes, &out)
        var encoder = BlockEncoder(fixes: fixes, arrivals: arrivals)
        encoder.encode(to: &writer)
        swap(&writer.bytes, &out)
    }

    /// Appends the `count` fixes in `bytes`, and their arrivals, to the arrays.
    ///
    /// All bytes must be used. On an error the arrays are as they were before.
    /// Cost: about 90 ns a fix in blocks of 256.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, count: Int, fixes: inout [StoredFix],
        arrivals: inout [UInt32]
    ) throws(ColumnError) {
        guard count >= 0 && count <= maxCount else { throw .countOutOfRange }
        guard count > 0 else {
            if bytes.isEmpty { return }
            throw .trailingBytes
        }
        let firstFix = fixes.count
        let firstArrival = arrivals.count
        do throws(ColumnError) {
            var decoder = BlockDecoder(bytes, count: count)
            try decoder.decode(fixes: &fixes, arrivals: &arrivals)
        } catch {
            fixes.removeLast(fixes.count - firstFix)
            arrivals.removeLast(arrivals.count - firstArrival)
            throw error
        }
    }
}

/// What a fix can have besides its fields, as the small numbers that columns hold.
enum FixParts {
    static func origin(_ fix: StoredFix) -> Int64 {
        Int64(fix.provenance.rawValue) * vehicleCount + Int64(fix.vehicle.rawValue)
    }

    static func split(origin: Int64) -> (Provenance, VehicleClass)? {
        guard let provenance = Provenance(rawValue: UInt8(origin / vehicleCount)),
            let vehicle = VehicleClass(rawValue: UInt8(origin % vehicleCount))
        else { return nil }
        return (provenance, vehicle)
    }

    private static let vehicleCount: Int64 = 5

    /// Effect in the lowest two bits, trust in the third.
    static func flags(_ verdict: Verdict) -> UInt8 {
        verdict.effect.rawValue | (verdict.isTrusted ? 4 : 0)
    }

    static func verdict(codes: UInt64, flags: UInt8) -> Verdict? {
        guard flags < 8, let effect = Effect(rawValue: flags & 3) else { return nil }
        return Verdict(codes: codes, effect: effect, isTrusted: flags & 4 != 0)
    }
}
