import TachoAccess
import TachoEngine
import TachoGeo
import TachoWire

extension ConnectionHandler {
    /// T.EXPLAIN: read on the engine's thread, like a track.
    func explain(_ query: ExplainQuery, _ arguments: Arguments) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        let rider = arguments.copy(1)
        let limit = service.limits.replyBytes
        let shown = shownRiders
        service.engine.explain(
            rider: rider, tsMs: query.tsMs, as: query.form,
            mayHear: { shown?.contain($0) ?? true }
        ) { result in
            var writer = ReplyWriter(version)
            writer.explanation(result, rider: rider, tsMs: query.tsMs, limit: limit)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension ReplyWriter {
    /// One bulk string; nothing to explain is an error that names the nearest fix.
    fileprivate mutating func explanation(
        _ result: Result<ExplanationAnswer, ReadError>, rider: [UInt8], tsMs: Int64, limit: Int
    ) {
        switch result {
        case .failure(let failure): error(failure.replyText)
        case .success(let answer):
            guard case .explained(let bytes) = answer else {
                return error("ERR " + (answer.refusal(rider: rider, tsMs: tsMs) ?? ""))
            }
            guard bytes.count <= limit else {
                return error("ERR too many fixes of that time for one reply, ask with AS svg")
            }
            bulk(bytes)
        }
    }
}
