import TachoEngine
import TachoIngest
import TachoWire

/// T.RULES. Nothing here waits: the engine answers on its own threads.
extension ConnectionHandler {
    func run(_ command: RulesCommand) {
        switch command {
        case .get(let form): showRules(form)
        case .set(let words): setRules(words)
        case .test(let stretch, let words):
            do throws(RuleSettingsError) {
                let change = try words.isEmpty ? RuleChange() : RuleChange(words: words)
                replayRules(stretch, .test(change))
            } catch {
                output.error("ERR " + error.message)
            }
        case .recompute(let stretch): replayRules(stretch, .recompute)
        }
    }

    private func showRules(_ form: RulesCommand.RulesForm) {
        let book = service.engine.rules
        switch form {
        case .json: output.bulk(book.settings.json(isStored: book.isStored))
        case .pairs:
            let pairs = book.settings.pairs(isStored: book.isStored)
            output.map(pairs.count)
            for pair in pairs {
                output.bulk(pair.name)
                output.bulk(pair.value)
            }
        }
    }

    /// Answers with the new revision.
    private func setRules(_ words: [String]) {
        let change: RuleChange
        do throws(RuleSettingsError) {
            change = try RuleChange(words: words)
        } catch {
            return output.error("ERR " + error.message)
        }
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.setRules(change) { result in
            var writer = ReplyWriter(version)
            switch result {
            case .success(let settings): writer.integer(Int64(settings.revision))
            case .failure(let error): writer.error("ERR " + error.description)
            }
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func replayRules(_ stretch: RulesStretch, _ mode: RulesReplayMode) {
        var query = RulesQuery(fromMs: stretch.fromMs, toMs: stretch.toMs)
        query.riders = stretch.riders
        query.leadInMs = stretch.leadInS.map { $0 * 1_000 }
        query.maxRiders = stretch.count
        query.cursor = stretch.cursor ?? 0
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.replayRules(query, mode) { result in
            var writer = ReplyWriter(version)
            switch result {
            case .success(let report): writer.bulk(report.json)
            case .failure(let error): writer.error("ERR " + error.description)
            }
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}
