package import TachoStore

/// What one generation of a backup is made of; `format-spec.md` §25.
package struct BackupManifest: Equatable, Sendable {
    /// What a file is for, which decides where its bytes are kept and how it is restored.
    package enum Role: String, CaseIterable, Sendable {
        /// `TACHO`, written last when it is restored; and the engine's name.
        case identity
        /// Of RocksDB, but for tables.
        case database
        /// A table file of RocksDB, never changed.
        case table
        case journal
        case watermark
        /// A sealed segment: not among the objects, but in `audit/` of the backup, which is a mirror.
        case segment
        /// Of the log of segments.
        case log
        /// Records of look-ups.
        case access
        /// Lines of imports that are no fixes.
        case rejected
        case publicKey = "public-key"
        /// The key that signs the log.
        case privateKey = "private-key"
    }

    package struct File: Equatable, Sendable {
        package var role: Role
        /// Below the data directory.
        package var path: String
        package var bytes: UInt64
        package var sha256: [UInt8]
        /// SHA-256 of the last 64 KiB, of a table: by it and its size it is known again unread.
        package var end: [UInt8]?

        package init(
            role: Role, path: String, bytes: UInt64, sha256: [UInt8], end: [UInt8]? = nil
        ) {
            self.role = role
            self.path = path
            self.bytes = bytes
            self.sha256 = sha256
            self.end = end
        }
    }

    /// Names the engine, 32 hexadecimal digits.
    package var engine: String
    /// Counts from 1.
    package var generation: UInt64
    /// Everything acknowledged before is in it; Unix ms.
    package var atMs: Int64
    /// The last group in it, its hash, and the number that the next point gets.
    package var group: UInt64
    package var hash: UInt64
    package var nextSequence: UInt64
    package var points: UInt64
    /// Numbers that were given up before.
    package var lost: UInt64
    package var riders: UInt64
    /// The last segment; 0: none.
    package var segments: UInt64
    /// Entries of the log.
    package var logEntries: UInt64
    package var families: [FamilyFigures]
    /// By path.
    package var files: [File]

    package init(
        engine: String, generation: UInt64, atMs: Int64, group: UInt64, hash: UInt64,
        nextSequence: UInt64, points: UInt64, lost: UInt64, riders: UInt64, segments: UInt64,
        logEntries: UInt64, families: [FamilyFigures], files: [File]
    ) {
        self.engine = engine
        self.generation = generation
        self.atMs = atMs
        self.group = group
        self.hash = hash
        self.nextSequence = nextSequence
        self.points = points
        self.lost = lost
        self.riders = riders
        self.segments = segments
        self.logEntries = logEntries
        self.families = families
        self.files = files
    }

    package var bytes: UInt64 { files.reduce(0) { $0 + $1.bytes } }
    package var hasKey: Bool { files.contains { $0.role == .privateKey } }
    package var hasPublicKey: Bool { files.contains { $0.role == .publicKey } }
}
