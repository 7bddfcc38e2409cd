import TachoAudit
package import TachoIngest
import TachoStore

/// Faults a test build of the server can have, to prove that the durability tests can fail.
package enum EngineFault: String, Sendable, CaseIterable {
    case none
    /// Groups are written without a sync.
    case skipSync = "skip-sync"
    /// Writers are answered before their group is written.
    case acknowledgeBeforeSync = "ack-before-sync"
    /// The journal is released before the checkpoint that replaces it is durable.
    case releaseFirst = "release-first"
}

/// How an engine is opened. Every queue and buffer has its bound here.
package struct EngineOptions: Sendable {
    package var directory: String
    package var createIfMissing = true
    /// Judging threads; nil: one less than there are cores, at least 2.
    package var workers: Int?
    /// The server's clock, Unix ms. Handed in so that tests own time.
    package var nowMs: @Sendable () -> Int64 = EngineOptions.systemClock
    /// Exactly these acknowledged points may be missing.
    package var acceptLoss: ClosedRange<UInt64>?
    /// Below so many free bytes writers hear "try again"; nil: min(5 GiB, 5 % of the disk).
    package var minFreeBytes: UInt64?
    /// Kept back on disk for a clean stop; nil: as it is.
    package var reserveBytes: UInt64?
    /// A range is sealed when it is that old; 0: only when asked.
    package var rangeSeconds = 3600
    package var rangePoints: UInt64 = 256_000_000
    /// A checkpoint is due when the journal is that long; at twice that writers hear "try again".
    package var journalLimitBytes = 256 << 20
    /// Size of the journal's files, at most.
    package var journalFileBytes = 64 << 20
    /// Points accepted but not yet durable; beyond, writers hear "try again".
    package var maxPendingPoints = 262_144
    /// Questions of who was where that wait for each other; beyond, "try again".
    package var maxQuestions = 256
    /// Over it memory is freed ahead of time, and a quarter over it writers hear "try again"; nil:
    /// min(4 GiB, half of the machine's).
    package var memoryLimitBytes: Int?
    /// Whether tracks are compared with each other: replays, second accounts.
    package var judgesAcross = true
    /// Landmarks of tracks are kept for so many days of commits.
    package var replayDays = 7
    /// Fixes a second up to which tracks are compared as closely as the rules say; while more come,
    /// fewer landmarks are chosen (`Thinning`).
    package var acrossFullRate = 400_000
    /// Newest alerts that risk scores find in memory; earlier moments are read from the database.
    package var riskAlerts = 262_144
    /// Consumer groups, and what may be pending of them.
    var groupLimits = GroupBook.Limits()
    /// What the rules compare with in a directory for which nobody has set any (`Engine.setRules`):
    /// if these are not the program's own, opening sets them.
    package var thresholds = Thresholds()
    /// Of the cells in which it is noted who was where, from here on (`GeoPlan.resolutions`); nil: as the
    /// directory has it, 9 for a new one. What is there stays as it is until `Engine.reindex`.
    package var geoResolution: Int?
    /// For a measurement of what it costs: false leaves out the rows of who was where, and T.WHO misses them.
    package var notesPlaces = true
    /// Which sealed ranges leave RocksDB by themselves, looked at once a minute; nil: none does.
    package var retirement: RetireQuery?
    package var fault = EngineFault.none
    /// Called once, when an I/O error ended all acknowledging. A server exits with 74.
    package var onFailStop: @Sendable (String) -> Void = { _ in }
    package var auditSigning = AuditSigning()
    /// Told of what a person has to look at, once each time it is found: a segment that is damaged, a
    /// range that cannot be sealed. Called from a thread of the engine.
    package var onNotice: @Sendable (String) -> Void = { _ in }
    /// For tests: called at each moment of sealing; what it throws breaks the sealing off there.
    package var atSealMoment: (@Sendable (SealMoment) throws -> Void)?
    /// For tests: called after each step of making a segment again; what it throws ends that there.
    package var atRebuildStep: (@Sendable (RebuildStep) throws -> Void)?
    /// For tests: called before a sealed segment's file is opened to be looked at; what it throws
    /// stands for a file that cannot be opened.
    var beforeLook: (@Sendable (String) throws(SegmentError) -> Void)?
    /// For tests: where derived rows go instead of the database.
    var rowTarget: (@Sendable (Database) -> any RowWriting)?

    /// Whether the rules that depend on the order of delivery are on.
    package var judgesMotion: Bool {
        get { thresholds.off == 0 }
        set { thresholds.off = newValue ? 0 : RuleSet.deliveryOrderCodes }
    }

    package init(directory: String) { self.directory = directory }
}
