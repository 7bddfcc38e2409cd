/// Why a log cannot be read, appended to or signed. Equal when the codes are equal.
package struct LogError: Error, Equatable, Sendable {
    /// The raw value is the word in JSON output.
    package enum Code: String, Sendable, CaseIterable {
        case noLog = "no_log"
        case noEntries = "no_entries"
        case noCheckpoint = "no_checkpoint"
        case checkpointFormat = "checkpoint_format"
        case missingTile = "missing_tile"
        case tileFormat = "tile_format"
        case tileHash = "tile_hash"
        case root = "log_root"
        case entryFormat = "entry_format"
        case unknownEntry = "unknown_entry"
        case entryChain = "entry_chain"
        case otherContent = "other_content"
        case otherOrigin = "other_origin"
        case otherPartition = "other_log_partition"
        case wrongKey = "wrong_key"
        case badSignature = "bad_signature"
        case fork = "log_fork"
        case rollback = "log_rollback"
        case noCosignature = "no_cosignature"
        case entryWithoutSegment = "entry_without_segment"
        case entryDiffers = "entry_differs"
        case segment = "log_segment"
        case inUse = "log_in_use"
        /// It was put back from a backup, and nobody has said that it may go on.
        case held = "log_held"
        /// A test's hook said stop.
        case stopped = "stopped"
        case inputOutput = "io"
    }

    package let code: Code
    package let detail: String
    /// Below the audit directory, as `log/checkpoint`; or a path.
    package let file: String
    /// The bytes of the file it is about.
    package let bytes: Range<UInt64>?
    /// The system's, of a file that could not be written and is gone again; otherwise 0.
    package let number: Int32

    package init(
        _ code: Code, file: String, _ detail: String, bytes: Range<UInt64>? = nil,
        number: Int32 = 0
    ) {
        self.number = number
        self.code = code
        self.file = file
        self.detail = detail
        self.bytes = bytes
    }

    package static func == (a: LogError, b: LogError) -> Bool { a.code == b.code }

    package var exit: AuditExit {
        switch code {
        case .noLog, .noEntries, .noCheckpoint, .missingTile, .noCosignature,
            .entryWithoutSegment:
            .incomplete
        case .unknownEntry: .unknownVersion
        case .fork, .rollback: .fork
        case .inUse, .held, .stopped, .inputOutput: .inputOutput
        default: .damage
        }
    }

    /// One line: where, what, and what to do.
    package var message: String {
        var text = file
        if let bytes { text += ": bytes \(bytes.lowerBound)-\(bytes.upperBound)" }
        return text + ": " + detail + "; " + advice
    }

    private var advice: String {
        switch code {
        case .noLog: "give the audit directory with its folder log, or leave out what asks for it"
        case .noCheckpoint: "sign the log first, or put back log/checkpoint from a copy"
        case .noEntries: "wait until a range is sealed, which puts an entry into it"
        case .missingTile: "put back the file from a copy"
        // The file's own text says what to do.
        case .segment: "nothing was changed"
        case .entryWithoutSegment: "put back the segment from a copy with that SHA-256"
        case .unknownEntry: "read it with a newer tacho-audit"
        case .otherOrigin: "it is another log; check the key's name"
        case .wrongKey: "check that the key is the one the log's operator published"
        case .fork, .rollback: "keep both checkpoints: together they prove it; ask the operator"
        case .noCosignature: "run the witness, or wait for it"
        case .inUse:
            "end what signs or appends there (tacho-audit sign, witness or key rotate, tachod), or "
                + "wait for it, then try again"
        case .held: "say that it may go on: tacho restore --continue"
        case .inputOutput, .stopped: "check the disk and permissions, then run again"
        default: "compare it with a copy; nothing was changed"
        }
    }

    static func io(_ operation: String, _ path: String, _ number: Int32) -> LogError {
        LogError(
            .inputOutput, file: path, "\(operation): \(SystemError.text(number))")
    }
}
