/// A report as it arrives in any text format: one slice of bytes per field, nil for unknown.
///
/// The slices are borrowed: they must stay valid while the value is used.
package struct FixText {
    package var ts: UnsafeRawBufferPointer
    package var lat: UnsafeRawBufferPointer
    package var lon: UnsafeRawBufferPointer
    package var speed: UnsafeRawBufferPointer?
    package var heading: UnsafeRawBufferPointer?
    package var accuracy: UnsafeRawBufferPointer?
    package var altitude: UnsafeRawBufferPointer?
    package var source: UnsafeRawBufferPointer?
    package var recv: UnsafeRawBufferPointer?

    package init(
        ts: UnsafeRawBufferPointer, lat: UnsafeRawBufferPointer, lon: UnsafeRawBufferPointer,
        speed: UnsafeRawBufferPointer? = nil, heading: UnsafeRawBufferPointer? = nil,
        accuracy: UnsafeRawBufferPointer? = nil, altitude: UnsafeRawBufferPointer? = nil,
        source: UnsafeRawBufferPointer? = nil, recv: UnsafeRawBufferPointer? = nil
    ) {
        self.ts = ts
        self.lat = lat
        self.lon = lon
        self.speed = speed
        self.heading = heading
        self.accuracy = accuracy
        self.altitude = altitude
        self.source = source
        self.recv = recv
    }

    /// What the text says. A broken mandatory field makes it malformed; a broken optional one is
    /// dropped and remembered.
    package struct Reading {
        package var fix: Fix
        /// At least one optional field was out of range or no number.
        package var fieldDropped: Bool
        /// The claimed receipt time, if one was given and readable.
        package var claimedRecvMs: Int64?
    }

    /// Ranges are checked after rounding. Cost: one pass over the bytes, no allocation.
    package func read() -> Result<Reading, Malformed> {
        guard let tsMs = Decimal.integer(ts) else {
            return .failure(Decimal.isInteger(ts) ? .tsOutOfRange : .tsNotInteger)
        }
        guard tsMs.magnitude < Fix.timeLimitMs.magnitude else { return .failure(.tsOutOfRange) }
        let latE7: Int32
        switch Self.degrees(lat, limit: Coordinate.maxLatE7) {
        case .success(let value): latE7 = value
        case .failure(.notANumber): return .failure(.latNotNumber)
        case .failure(.outOfRange): return .failure(.latOutOfRange)
        }
        let lonE7: Int32
        switch Self.degrees(lon, limit: Coordinate.maxLonE7) {
        case .success(let value): lonE7 = value
        case .failure(.notANumber): return .failure(.lonNotNumber)
        case .failure(.outOfRange): return .failure(.lonOutOfRange)
        }
        var dropped = false
        var fix = Fix(tsMs: tsMs, latE7: latE7, lonE7: lonE7)
        fix.speedCms = Self.optional(speed, scale: 2, Fix.speedRangeCms, &dropped)
        fix.headingCdeg = Self.optional(heading, scale: 2, 0...Fix.fullCircleCdeg, &dropped)
        if fix.headingCdeg == Fix.fullCircleCdeg { fix.headingCdeg = 0 }
        fix.accuracyDm = Self.optional(accuracy, scale: 1, Fix.accuracyRangeDm, &dropped)
        fix.altitudeDm = Self.optional(altitude, scale: 1, Fix.altitudeRangeDm, &dropped)
        if let source {
            fix.source = Self.source(source)
            if fix.source == .unknown { dropped = true }
        }
        var claimed: Int64?
        if let recv {
            claimed = Decimal.integer(recv)
            if let value = claimed, value.magnitude >= Fix.timeLimitMs.magnitude { claimed = nil }
            if claimed == nil { dropped = true }
        }
        return .success(Reading(fix: fix, fieldDropped: dropped, claimedRecvMs: claimed))
    }

    private static func degrees(
        _ text: UnsafeRawBufferPointer, limit: Int32
    ) -> Result<Int32, Decimal.Failure> {
        switch Decimal.scaled(text, scale: 7) {
        case .success(let value):
            abs(value) <= Int64(limit) ? .success(Int32(value)) : .failure(.outOfRange)
        case .failure(let failure): .failure(failure)
        }
    }

    private static func optional(
        _ text: UnsafeRawBufferPointer?, scale: Int, _ range: ClosedRange<Int32>,
        _ dropped: inout Bool
    ) -> Int32 {
        guard let text else { return Fix.absent }
        if case .success(let value) = Decimal.scaled(text, scale: scale),
            let fitting = Int32(exactly: value), range.contains(fitting)
        {
            return fitting
        }
        dropped = true
        return Fix.absent
    }

    private static func source(_ text: UnsafeRawBufferPointer) -> FixSource {
        for candidate in FixSource.allCases {
            if let name = candidate.name, text.elementsEqual(name.utf8) { return candidate }
        }
        return .unknown
    }
}
