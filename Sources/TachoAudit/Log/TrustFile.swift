/// What somebody has seen and accepted of a log: kept by verifiers (`--trust`), by signers and by
/// witnesses (`--state`). With it nobody can show them another past.
///
///     tacho-trust v1
///     key VKEY                    or -
///     (empty line)
///     the checkpoint, with its signatures: evidence, should the log fork
package struct TrustFile: Equatable, Sendable {
    /// The key that was pinned; nil when none was.
    package var key: VerifierKey?
    package var checkpoint: SignedCheckpoint

    package init(key: VerifierKey?, checkpoint: SignedCheckpoint) {
        self.key = key
        self.checkpoint = checkpoint
    }

    static let title = "tacho-trust v1"

    func encoded() -> [UInt8] {
        Array("\(Self.title)\nkey \(key?.text ?? "-")\n\n".utf8) + checkpoint.encoded()
    }

    init(parsing bytes: [UInt8]) throws(NoteError) {
        let lines = bytes.split(
            separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4, lines[0].elementsEqual(Self.title.utf8), lines[2].isEmpty,
            lines[1].starts(with: "key ".utf8)
        else { throw .format("it does not start as \(Self.title)") }
        let key = String(decoding: lines[1].dropFirst(4), as: UTF8.self)
        if key != "-" {
            guard let known = try? VerifierKey(text: key) else {
                throw .format("its key is none")
            }
            self.key = known
        }
        checkpoint = try SignedCheckpoint(parsing: Array(lines[3]))
    }

    /// Reads a file; nil when there is none, which is how it begins.
    package static func read(_ path: String) throws(LogError) -> TrustFile? {
        guard let bytes = try LogFile.read(path) else { return nil }
        do throws(NoteError) {
            return try TrustFile(parsing: bytes)
        } catch {
            throw LogError(.checkpointFormat, file: path, error.message)
        }
    }

    /// Replaces the file in one step; on disk when this returns.
    package func write(_ path: String) throws(LogError) { try LogFile.replace(path, encoded()) }
}
