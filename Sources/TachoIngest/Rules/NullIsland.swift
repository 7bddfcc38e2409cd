import TachoGeo

/// INVALID: a position within 0.01° (1.1 km) of 0°, 0°, where receivers without a fix report.
///
/// Depends on the fix alone. Quarantine: no rider delivers in the Gulf of Guinea.
enum NullIsland {
    @inline(__always)
    static func judge(_ fix: Fix, _ limits: Thresholds) -> Finding {
        let hit = abs(fix.latE7) < limits.nullIslandE7 && abs(fix.lonE7) < limits.nullIslandE7
        return .when(hit, .invalid, .quarantine)
    }
}
