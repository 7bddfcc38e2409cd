/// Sets of codes as numbers, for what runs once a fix. `Code.bit` is a call into another module, and a
/// set made of it was put together anew for every fix: a tenth of a judge's time. A test compares
/// these with the names.
package enum CodeSet {
    /// INVALID, MOCK_FLAG, TS_FUTURE, TS_PAST, TS_CONFLICT.
    static let quarantining: UInt64 = 0x4F
    static let clockStep: UInt64 = 1 << 5
    static let conflict: UInt64 = 1 << 6
    static let flicker: UInt64 = 1 << 11
    static let replay: UInt64 = 1 << 26
    /// OVERSPEED to SYNTH_SPEED, QUANTISED, CONST_META, ZIGZAG, TS_RATE.
    static let flagging: UInt64 = 0xFF << 13 | 3 << 22 | 1 << 25 | 1 << 31
    /// Those, FLICKER, WHITE_JITTER, ALT_JUMP.
    static let motion: UInt64 = flagging | flicker | 1 << 21 | 1 << 24
}
