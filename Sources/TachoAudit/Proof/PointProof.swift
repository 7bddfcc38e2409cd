/// An offline proof of a rider's fixes at a time: stored blocks, and what leads from each to a
/// signed checkpoint. The layout is `format-spec.md` §18.
package struct PointProof: Equatable, Sendable {
    /// A block as stored, up to the log.
    package struct Block: Equatable, Sendable {
        package let kind: BlockKind
        /// Its number and place in the segment, which its checksum covers.
        package let number: UInt64
        package let offset: UInt64
        /// What its leaf covers before it, see `LeafNames`.
        package let names: [UInt8]
        package let stored: [UInt8]
        /// From the leaf's sibling up to the segment's root.
        package let path: [[UInt8]]
        /// The log's entry of the segment.
        package let entry: [UInt8]
        package let log: LogProof
    }

    package let rider: [UInt8]
    package let tsMs: Int64
    /// The log's keys that named a successor, oldest first.
    package let rotations: [SignedNote]
    /// Every block with a fix of the rider at the time, and every block that amends one; ascending
    /// by segment and number.
    package let blocks: [Block]

    static let title = "tacho-proof v1"
}

/// Why there is no proof, or a text is none.
package struct ProofError: Error, Equatable, Sendable {
    package enum Code: String, Sendable, CaseIterable {
        case format = "proof_format"
        case unknownVersion = "proof_version"
        /// The log's key is another one.
        case wrongKey = "wrong_key"
        case badSignature = "bad_signature"
        case noCosignature = "no_cosignature"
        /// A block does not lead to its segment's root.
        case block = "proof_block"
        /// An entry does not lead to the checkpoint's root.
        case entry = "proof_entry"
        /// It proves something else than was asked.
        case other = "proof_other"
        /// Blocks or their order are impossible.
        case content = "proof_content"
        /// The rider has no fix at that time.
        case noFix = "no_fix"
        /// Leaves of that segment do not cover names.
        case oldFormat = "old_format"
        case directory = "directory"
        case inputOutput = "io"
    }

    package let code: Code
    package let detail: String
    package let exit: AuditExit

    init(_ code: Code, _ detail: String, exit: AuditExit? = nil) {
        self.code = code
        self.detail = detail
        self.exit =
            exit
            ?? {
                switch code {
                case .unknownVersion: .unknownVersion
                case .noFix, .noCosignature, .oldFormat: .incomplete
                case .inputOutput: .inputOutput
                default: .damage
                }
            }()
    }

    package static func == (a: ProofError, b: ProofError) -> Bool { a.code == b.code }

    package var message: String {
        switch code {
        case .wrongKey, .badSignature:
            detail + "; check that the key is the one the log's operator published"
        case .unknownVersion: detail + "; check it with a newer tacho-audit"
        case .noFix: detail + "; export shows the times of its fixes"
        case .oldFormat, .directory, .inputOutput: detail
        case .noCosignature: detail + "; ask for a proof under a cosigned checkpoint"
        default: detail + "; this proves nothing, ask for another copy"
        }
    }
}
