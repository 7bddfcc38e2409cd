/// What a verifier brings along, from elsewhere than the directory it verifies.
package struct LogPins: Sendable {
    /// Origin and key of the log; nil: signatures are not checked.
    package var key: VerifierKey?
    /// Keys that must have cosigned.
    package var witnesses: [VerifierKey] = []
    /// The last checkpoint that was accepted, if there is one.
    package var trusted: SignedCheckpoint?
    /// A trust file was named, though it may not exist yet: there has to be a log.
    package var keepsTrust = false

    package init() {}

    /// Whether a directory without a log is refused.
    var needsLog: Bool { key != nil || !witnesses.isEmpty || keepsTrust }
}

/// What a check of the log found out, beside its findings.
package struct LogReport: Equatable, Sendable {
    /// The signed head; nil without one.
    package var checkpoint: SignedCheckpoint?
    /// Entries, signed or not.
    package var size: UInt64 = 0
    /// Segments the log names.
    package var segments: UInt64 = 0
    /// The key that signed, once it was checked.
    package var signer: VerifierKey?
    /// Unix seconds of the cosignatures asked for, in the order of the pins.
    package var cosigned: [UInt64] = []
}
