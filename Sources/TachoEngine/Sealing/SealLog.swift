import TachoAudit
import TachoStore

/// Who signs the log of sealed segments.
package struct AuditSigning: Sendable, Equatable {
    /// The file of the private key; nil: `audit-key` in the data directory, made when the log begins.
    package var keyPath: String?
    /// The name of the log and of its keys; nil: that of the key, of the log, or a random one.
    package var origin: String?
    /// `tacho-audit sign` does, in another process: the server does not hold the key.
    package var isElsewhere = false

    package init() {}
}

/// Steps 5 and 6 of the seal protocol: the log of segments of a data directory.
struct SealLog {
    let directory: DataDirectory
    let signing: AuditSigning

    /// Why nothing is logged or signed.
    enum Failure: Error {
        /// The engine was closed meanwhile.
        case closed
        /// As any failure to write: the engine stops.
        case inputOutput(String)
        /// A person has to look.
        case refused(String)

        init(_ error: LogError) {
            let isRefusal = error.code != .inputOutput || FileSystem.isFull(error.number)
            self = isRefusal ? .refused(error.message) : .inputOutput(error.message)
        }
    }

    /// A signer or mirror that hangs must not hold up sealing for ever: then it is told, and tried again.
    private static let patienceSeconds = 30.0

    private var keyPath: String { signing.keyPath ?? directory.path + "/audit-key" }
    private var reader: LogReader { LogReader(audit: directory.auditPath) }

    /// Puts the segment into the log, and before it all that are sealed and not in it yet. The number
    /// of entries then.
    func append(_ segment: UInt64, sha256: [UInt8]) throws(Failure) -> UInt64 {
        let origin = try origin()
        do throws(LogError) {
            var log = try LogWriter(
                audit: directory.auditPath, origin: origin, partition: 0,
                patienceSeconds: Self.patienceSeconds)
            return try log.append(throughSegment: segment, sha256: sha256).size
        } catch {
            throw Failure(error)
        }
    }

    /// Signs the head of the log. nil: that is another process's.
    ///
    /// Entries that are not signed yet were put there by `append`, or by whoever can write there:
    /// each is compared with its segment, which is verified whole, but for the one that
    /// publication has just `verified`.
    func sign(
        _ verified: SegmentSummary, isStopping: () -> Bool
    ) throws(Failure) -> UInt64? {
        guard !signing.isElsewhere else { return nil }
        let key = try key()
        do throws(LogError) {
            var log = try LogWriter(
                audit: directory.auditPath, origin: key.verifier.name, partition: 0,
                patienceSeconds: Self.patienceSeconds)
            let signed = try log.sign(with: key) { index, entry throws(LogError) in
                if isStopping() {
                    throw LogError(.stopped, file: reader.folder, "the engine is closed")
                }
                try LogSigning.check(
                    entry, index, audit: directory.auditPath, verified: verified)
            }
            return signed.head.size
        } catch {
            throw error.code == .stopped ? .closed : Failure(error)
        }
    }

    /// Entries of the log in an audit directory, and those under its signed head; nil: a file cannot be
    /// read, which whoever seals is told.
    static func figures(audit: String) -> (logged: UInt64, signed: UInt64)? {
        let reader = LogReader(audit: audit)
        do throws(LogError) {
            // In this order: what is signed meanwhile is not behind what is logged.
            let signed = try reader.checkpoint()?.head.size ?? 0
            return (try reader.head()?.size ?? 0, signed)
        } catch {
            return nil
        }
    }

    private func origin() throws(Failure) -> String {
        if !signing.isElsewhere { return try key().verifier.name }
        if let origin = signing.origin { return origin }
        if let key = try? KeyFile.readPublic(keyPath + ".pub") { return key.name }
        do throws(LogError) {
            if let head = try reader.head() { return head.origin }
        } catch {
            throw Failure(error)
        }
        throw .refused(
            "nobody has named the log: give --audit-origin, or \(keyPath).pub of the key that signs"
        )
    }

    private func key() throws(Failure) -> SigningKey {
        let isThere = FileSystem.exists(keyPath)
        do {
            if isThere { return try KeyFile.read(keyPath) }
            if let head = try reader.head() {
                throw Failure.refused(
                    "the key of the log \(head.origin) is not in \(keyPath): put it back, or let "
                        + "another process sign (--no-audit-signing)")
            }
            if signing.keyPath != nil {
                throw Failure.refused(
                    "there is no key in \(keyPath): make one with tacho-audit key new")
            }
            let key = try SigningKey(name: signing.origin ?? Self.randomName(), kind: .log)
            try KeyFile.write(key, to: keyPath)
            return key
        } catch let error as Failure {
            throw error
        } catch let error as LogError {
            throw Failure(error)
        } catch let error as KeyError {
            throw .refused(error.message)
        } catch {
            throw .refused("\(error)")
        }
    }

    /// Names must tell logs apart; a fleet's own name is better (`--audit-origin`).
    private static func randomName() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return "tacho/" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
