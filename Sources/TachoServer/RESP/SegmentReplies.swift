import TachoEngine
import TachoWire

/// Files of sealed segments: looked through, and made again.
extension ConnectionHandler {
    /// Minutes, where much is sealed: answered at its end.
    func scrub(_ newestDayOnly: Bool) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.scrub(newestDayOnly: newestDayOnly) { result in
            var writer = ReplyWriter(version)
            switch result {
            case .success(let report): writer.scrubbed(report)
            case .failure(let failure): writer.error("ERR \(failure)")
            }
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    /// Minutes, for a large segment: answered at its end.
    func rebuild(_ segment: UInt64) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.rebuild(segment: segment) { result in
            var writer = ReplyWriter(version)
            switch result {
            case .success(let report): writer.rebuilt(report)
            case .failure(let failure): writer.error("ERR \(failure)")
            }
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension ReplyWriter {
    /// T.SCRUB: segments, points, bytes, damaged, unread and findings, with their names.
    fileprivate mutating func scrubbed(_ report: ScrubReport) {
        map(6)
        for (name, value) in [
            ("segments", Int64(report.segments)), ("points", Int64(clamping: report.points)),
            ("bytes", Int64(clamping: report.bytes)), ("damaged", Int64(report.damaged)),
            ("unread", Int64(report.unread)),
        ] {
            bulk(name)
            integer(value)
        }
        bulk("findings")
        let shown = report.findings.prefix(ScrubReport.shownFindings)
        array(shown.count)
        for finding in shown { bulk(finding) }
    }

    /// T.SEAL REBUILD: segment, rebuilt, points, sha256, damage and kept, with their names.
    fileprivate mutating func rebuilt(_ report: RebuildReport) {
        map(6)
        bulk("segment")
        integer(Int64(report.segment))
        bulk("rebuilt")
        integer(report.damage == nil ? 0 : 1)
        bulk("points")
        integer(Int64(report.points))
        bulk("sha256")
        bulk(Self.hex(report.sha256))
        for (name, text) in [("damage", report.damage), ("kept", report.kept)] {
            bulk(name)
            if let text { bulk(text) } else { null() }
        }
    }
}
