import TachoGeo

/// The numbers the rules compare with. Defaults and what they mean: `Sources/rules.md`.
///
/// A set of thresholds is identified by `hash`, which travels with every commit group: who
/// recomputes a verdict can tell whether the same numbers were used.
package struct Thresholds: Sendable, Hashable {
    /// Null island: both |lat| and |lon| below this, 1e-7 degree.
    package var nullIslandE7: Int32 = 100_000
    /// A fix further ahead of its receipt than this comes from a wrong clock, ms.
    package var futureMs: Int64 = 30_000
    /// 2000-01-01T00:00:00Z: no phone sends positions from before.
    package var pastMs: Int64 = 946_684_800_000
    /// Accuracy above this is told to the writer, 0.1 m.
    package var lowAccuracyDm: Int32 = 1_000
    /// Assumed where a phone reports no accuracy, m.
    package var missingAccuracyM = 15.0
    /// TELEPORT at once: this far beyond reach, m.
    package var teleportBeyondM = 350.0
    /// TELEPORT at once applies to legs of at most this, ms.
    package var teleportWithinMs: Int64 = 60_000
    /// The jump rule (confirmed TELEPORT, SPIKE): base, m; per second up to 10 s, m/s.
    package var jumpBaseM = 330.0
    package var jumpPerSecondM = 15.0
    package var jumpSeconds = 10.0
    /// So many consistent fixes make a candidate the anchor.
    package var confirmations = 3
    /// The longest time a held position is credited, ms (twice the device's learned hold, at least
    /// 15 s; holds are not learned in this rule set).
    package var holdCreditMs: Int64 = 15_000
    /// Below this reported speed the phone says it stands still, 0.01 m/s.
    package var standingCms: Int32 = 60

    package init() {}

    /// FNV-1a over the numbers in declaration order.
    package var hash64: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func mix(_ value: UInt64) {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                hash = (hash ^ (value >> shift & 0xFF)) &* 0x100_0000_01B3
            }
        }
        mix(UInt64(bitPattern: Int64(nullIslandE7)))
        mix(UInt64(bitPattern: futureMs))
        mix(UInt64(bitPattern: pastMs))
        mix(UInt64(bitPattern: Int64(lowAccuracyDm)))
        mix(missingAccuracyM.bitPattern)
        mix(teleportBeyondM.bitPattern)
        mix(UInt64(bitPattern: teleportWithinMs))
        mix(jumpBaseM.bitPattern)
        mix(jumpPerSecondM.bitPattern)
        mix(jumpSeconds.bitPattern)
        mix(UInt64(confirmations))
        mix(UInt64(bitPattern: holdCreditMs))
        mix(UInt64(bitPattern: Int64(standingCms)))
        return hash
    }
}
