import TachoAudit

/// Which generations a backup directory has: the file `BACKUP`, `format-spec.md` §25. Whatever it
/// does not name is none.
package struct BackupIndex: Equatable, Sendable {
    package struct Generation: Equatable, Sendable {
        package var number: UInt64
        /// Of its manifest.
        package var sha256: [UInt8]

        package init(number: UInt64, sha256: [UInt8]) {
            self.number = number
            self.sha256 = sha256
        }
    }

    package var engine: String
    /// Ascending.
    package var generations: [Generation]

    package init(engine: String, generations: [Generation] = []) {
        self.engine = engine
        self.generations = generations
    }

    private static let title = "tacho-backup-index v1"

    package func encoded() -> [UInt8] {
        var text = SealedText()
        text.line(Self.title)
        text.line("engine", engine)
        for one in generations {
            text.line("generation", "\(one.number)", Digest.hex(one.sha256))
        }
        return text.finished()
    }

    /// nil: cut off, or not what was written.
    package init?(_ bytes: [UInt8]) {
        guard let lines = SealedText.lines(bytes), lines.count >= 2,
            lines[0] == [
                "tacho-backup-index", "v1",
            ], lines[1].count == 2, BackupManifest.isName(lines[1][1])
        else { return nil }
        self.init(engine: lines[1][1])
        for words in lines.dropFirst(2) {
            guard words.count == 3, let number = UInt64(words[1]),
                number > generations.last?.number ?? 0, let sha256 = Digest.bytes(hex: words[2])
            else { return nil }
            generations.append(Generation(number: number, sha256: sha256))
        }
        guard encoded() == bytes else { return nil }
    }
}
