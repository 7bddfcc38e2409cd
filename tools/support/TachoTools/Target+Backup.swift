package import TachoClient
package import TachoEngine
import TachoStore
import TachoWire

extension LocalTarget {
    package func beginBackup(in data: String) throws(ToolFailure) -> BackupPoint {
        do {
            return try engine.beginBackup()
        } catch {
            switch error {
            case .stopped(let reason): throw Self.stopped(reason)
            case .refused: throw ToolFailure(ExitStatus.error, error.description)
            }
        }
    }

    package func endBackup() { engine.endBackup() }
}

extension RemoteTarget {
    package func beginBackup(in data: String) throws(ToolFailure) -> BackupPoint {
        let reply = try call(refusalsAsTheyAre: true) { $0.command(["T.BACKUP", "BEGIN"]) }
        guard let point = RemoteReplies.backupPoint(reply, data: data) else {
            throw notUnderstood("T.BACKUP BEGIN: names and values expected")
        }
        return point
    }

    package func endBackup() throws(ToolFailure) {
        _ = try call { $0.command(["T.BACKUP", "END"]) }
    }
}

extension RemoteReplies {
    static func backupPoint(_ reply: Reply, data: String) -> BackupPoint? {
        guard let pairs = pairs(reply) else { return nil }
        let values = Dictionary(pairs) { $1 }
        func number(_ name: String) -> UInt64? {
            values[name]?.integer.flatMap { UInt64(exactly: $0) }
        }
        guard let engine = values["engine"]?.text, let group = number("group"),
            let next = number("next_sequence"),
            let hash = values["hash"]?.text.flatMap({ UInt64($0, radix: 16) }),
            let segments = number("segments"), let atMs = values["at_ms"]?.integer,
            let rows = values["families"]?.elements
        else { return nil }
        var families: [FamilyFigures] = []
        for row in rows {
            guard let fields = row.elements, fields.count == 5, let name = fields[0].text else {
                return nil
            }
            let numbers = fields.dropFirst().compactMap { field in
                field.integer.flatMap { UInt64(exactly: $0) }
            }
            guard numbers.count == 4 else { return nil }
            var one = FamilyFigures(family: name)
            (one.files, one.entries) = (numbers[0], numbers[1])
            (one.deletions, one.bytes) = (numbers[2], numbers[3])
            families.append(one)
        }
        return BackupPoint(
            path: data + "/backup", engine: engine, group: group, nextSequence: next, hash: hash,
            segments: segments, atMs: atMs, families: families)
    }
}
