import TachoCodec
import TachoGeo

/// At which resolutions rows of family `geo` are made, and at which there may be any. The directory's
/// own, so that no program looks at another one; `format-spec.md` §6.
package struct GeoPlan: Hashable, Sendable {
    /// Of rows of five minutes.
    package private(set) var fine: Int
    /// Of all rows there may be, bit by bit.
    package private(set) var inUse: UInt16

    /// Edges from 9 km to 10 m. Finer ones would be left with nearly every fix, coarser ones hold a town.
    package static let resolutions = 5...12
    package static let usual = GeoPlan(fine: 9)
    /// Rows of days are no finer than this.
    private static let finestCoarse = 7

    private init(fine: Int) {
        self.fine = fine
        inUse = 1 << UInt16(fine) | 1 << UInt16(min(fine, Self.finestCoarse))
    }

    package func resolution(of grain: GeoGrain) -> Int {
        switch grain {
        case .fine: fine
        case .coarse: min(fine, Self.finestCoarse)
        }
    }

    /// All at which rows must be looked for.
    package var resolutionsInUse: [Int] { (0...15).filter { inUse >> UInt16($0) & 1 == 1 } }

    /// Rows are made anew at another resolution; those there are stay in use.
    package func changed(to resolution: Int) -> GeoPlan {
        var plan = GeoPlan(fine: resolution)
        plan.inUse |= inUse
        return plan
    }

    /// No rows of another resolution are left.
    package var settled: GeoPlan { GeoPlan(fine: fine) }

    static let key = "geo"

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt8(0))
        writer.put(UInt8(fine))
        writer.put(inUse)
        return writer.bytes
    }

    /// The usual one if the directory has none.
    package static func read(_ database: Database) throws(StoreError) -> GeoPlan {
        guard let bytes = try database.get(.meta, Keys.meta(key)) else { return usual }
        return try read(bytes)
    }

    static func read(_ bytes: [UInt8]) throws(StoreError) -> GeoPlan {
        let plan = bytes.withUnsafeBytes { raw -> GeoPlan? in
            var reader = ByteReader(raw)
            guard let version = try? reader.read(UInt8.self), version == 0,
                let fine = try? reader.read(UInt8.self), let inUse = try? reader.read(UInt16.self),
                reader.isAtEnd, resolutions.contains(Int(fine))
            else { return nil }
            var plan = GeoPlan(fine: Int(fine))
            guard inUse & plan.inUse == plan.inUse else { return nil }
            plan.inUse = inUse
            return plan
        }
        guard let plan else { throw .damaged("the resolution of geo rows cannot be read") }
        return plan
    }

    /// On the device when it returns: before a row of a new resolution is written, and after the last of an
    /// old one is gone.
    package func write(_ database: Database) throws(StoreError) {
        let rows = RowBatch(database)
        rows.put(.meta, Keys.meta(Self.key), bytes)
        try database.write(rows, sync: true)
    }
}
