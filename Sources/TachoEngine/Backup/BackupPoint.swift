package import TachoStore

/// A moment of an engine, kept in files of its directory until it is given up: what a backup copies.
package struct BackupPoint: Equatable, Sendable {
    /// The folder that holds `db/`, `journal/`, `log/` and `watermark`.
    package var path: String
    /// Names the engine: 32 hexadecimal digits, the same as long as its directory is the same.
    package var engine: String
    /// The last group in it, what its next point is numbered, and its hash.
    package var group: UInt64
    package var nextSequence: UInt64
    package var hash: UInt64
    /// The last segment that there was; 0: none.
    package var segments: UInt64
    /// Everything acknowledged before it is in it; Unix ms by the server's clock.
    package var atMs: Int64
    /// What the database counted in its table files then.
    package var families: [FamilyFigures]

    /// Of each family its name, files, entries, deletions and bytes.
    package var familyRows: [(name: String, numbers: [UInt64])] {
        families.map { ($0.family, [$0.files, $0.entries, $0.deletions, $0.bytes]) }
    }

    package init(
        path: String, engine: String, group: UInt64, nextSequence: UInt64, hash: UInt64,
        segments: UInt64, atMs: Int64, families: [FamilyFigures]
    ) {
        self.path = path
        self.engine = engine
        self.group = group
        self.nextSequence = nextSequence
        self.hash = hash
        self.segments = segments
        self.atMs = atMs
        self.families = families
    }
}

/// Why there is no point to copy. Nothing was changed.
package enum BackupPointError: Error, Equatable, Sendable, CustomStringConvertible {
    case stopped(String)
    /// What it says is for a person to do, or passes.
    case refused(String)

    package var description: String {
        switch self {
        case .stopped(let reason): "stopped: \(reason)"
        case .refused(let what): "no backup: \(what)"
        }
    }
}
