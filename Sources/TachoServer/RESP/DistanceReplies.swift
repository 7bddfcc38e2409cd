import TachoAudit
import TachoEngine
import TachoGeo
import TachoWire

/// How far a rider went: read on a thread of the engine, like a track.
extension ConnectionHandler {
    func distance(_ command: DistanceCommand, _ arguments: Arguments) {
        var query = DistanceQuery(
            rider: arguments.copy(1), fromMs: command.fromMs, toMs: command.toMs,
            wanted: command.hasLegs ? .legs : command.hasDigest ? .digest : .totals)
        if let index = command.cursorArgument {
            query.after = LegCursor(String(decoding: arguments[index], as: UTF8.self))
            guard query.after != nil else {
                return refuseCursor(arguments, index, of: "T.DIST")
            }
        }
        let limits = service.limits
        query.limit = min(command.count ?? .max, limits.legRows)
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.distance(query, isWanted: presence.isThere) { result in
            var writer = ReplyWriter(version)
            writer.distance(result, command, limits)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension ReplyWriter {
    /// T.DIST: name, value, …, which legs and their cursor are the last of. Without COUNT a cut is an
    /// error, because a client that did not ask for pages would take it for everything.
    fileprivate mutating func distance(
        _ result: Result<DistancePage, ReadError>, _ command: DistanceCommand,
        _ limits: ServerLimits
    ) {
        let page: DistancePage
        switch result {
        case .failure(let failure): return error(failure.replyText)
        case .success(let found): page = found
        }
        guard command.count != nil || page.next == nil else {
            return error("ERR more than \(limits.legRows) legs, use COUNT and CURSOR")
        }
        let more = (command.hasDigest ? 1 : 0) + (command.hasLegs ? 1 : 0)
        map(12 + more + (page.next == nil ? 0 : 1))
        totals(page.totals)
        if command.hasDigest {
            bulk("legs_sha256")
            bulk(Digest.hex(page.legsSHA256))
        }
        if command.hasLegs {
            bulk("legs")
            array(page.legs.count)
            for leg in page.legs { put(leg) }
        }
        if let next = page.next {
            bulk("cursor")
            bulk(next.text)
        }
    }

    private mutating func totals(_ totals: DistanceTotals) {
        bulk("metres")
        metres(totals.mm)
        for (name, value) in [
            ("points", Int64(totals.points)), ("excluded", Int64(totals.excluded)),
            ("gaps_ms", totals.gapsMs),
        ] {
            bulk(name)
            integer(value)
        }
        bulk("alg")
        bulk(DistanceV1.alg)
        bulk("gaps")
        integer(Int64(totals.gaps))
        for (name, mm) in [
            ("gap_metres", totals.gapMm), ("excluded_metres", totals.excludedMm),
            ("resting_metres", totals.restingMm),
        ] {
            bulk(name)
            metres(mm)
        }
        for (name, value) in [
            ("held", totals.held), ("quarantined", totals.quarantined),
            ("conflicts", totals.conflicts),
        ] {
            bulk(name)
            integer(Int64(value))
        }
    }

    private mutating func metres(_ mm: Int64) {
        var text: [UInt8] = []
        Decimal.append(mm, decimals: 3, trimmed: true, to: &text)
        decimal(text)
    }

    /// kind from_ts to_ts from_lat from_lon to_lat to_lon straight_mm mm verdict.
    private mutating func put(_ leg: LegRow) {
        array(10)
        bulk(leg.kind.rawValue)
        fields { fields in
            fields.integer(leg.fromMs)
            fields.integer(leg.toMs)
            fields.degrees(leg.from.latE7)
            fields.degrees(leg.from.lonE7)
            fields.degrees(leg.to.latE7)
            fields.degrees(leg.to.lonE7)
            fields.integer(leg.straightMm)
            fields.integer(leg.mm)
        }
        bulk(leg.verdict.text)
    }
}
