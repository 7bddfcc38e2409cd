import TachoEngine
import TachoWire

/// Files of a moment, for who copies them.
extension ConnectionHandler {
    /// Takes a checkpoint, longer where a segment is being sealed: answered at its end.
    func backup(_ begins: Bool) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        guard begins else {
            return service.engine.endBackup {
                var writer = ReplyWriter(version)
                writer.simple("OK")
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        }
        service.engine.beginBackup { result in
            var writer = ReplyWriter(version)
            switch result {
            case .success(let point): writer.backupPoint(point)
            case .failure(let failure): writer.error("ERR \(failure)")
            }
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension ReplyWriter {
    /// T.BACKUP BEGIN: engine, group, next_sequence, hash, segments, at_ms and families, with their
    /// names.
    fileprivate mutating func backupPoint(_ point: BackupPoint) {
        map(7)
        bulk("engine")
        bulk(point.engine)
        for (name, value) in [("group", point.group), ("next_sequence", point.nextSequence)] {
            bulk(name)
            integer(Int64(clamping: value))
        }
        bulk("hash")
        bulk(Self.hex((0..<8).map { UInt8(truncatingIfNeeded: point.hash >> UInt64(56 - 8 * $0)) }))
        bulk("segments")
        integer(Int64(clamping: point.segments))
        bulk("at_ms")
        integer(point.atMs)
        bulk("families")
        array(point.familyRows.count)
        for row in point.familyRows {
            array(5)
            bulk(row.name)
            for number in row.numbers { integer(Int64(clamping: number)) }
        }
    }
}
