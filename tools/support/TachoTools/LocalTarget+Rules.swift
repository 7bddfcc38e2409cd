package import TachoClient
import TachoEngine
import TachoIngest

extension LocalTarget {
    package func rules() -> String {
        let book = engine.rules
        return book.settings.json(isStored: book.isStored)
    }

    package func setRules(_ words: [String]) throws(ToolFailure) -> Int64 {
        let change = try Self.change(words)
        do throws(RulesError) {
            return Int64(try engine.setRules(change).revision)
        } catch {
            throw Self.failure(error)
        }
    }

    package func replayRules(
        _ request: RulesRequest, cursor: Int64?
    ) throws(ToolFailure) -> String {
        var query = RulesQuery(
            fromMs: request.fromMs ?? Int64.min, toMs: request.toMs ?? Int64.max)
        query.riders = request.riders
        query.leadInMs = request.leadInS.map { $0 * 1_000 }
        query.maxRiders = RulesRequest.pageRiders
        query.cursor = Int(cursor ?? 0)
        var mode = RulesReplayMode.recompute
        if let words = request.changes {
            mode = .test(try words.isEmpty ? RuleChange() : Self.change(words))
        }
        do throws(RulesError) {
            return try engine.replayRules(query, mode).json
        } catch {
            throw Self.failure(error)
        }
    }

    private static func change(_ words: [String]) throws(ToolFailure) -> RuleChange {
        do throws(RuleSettingsError) {
            return try RuleChange(words: words)
        } catch {
            throw ToolFailure(ExitStatus.error, error.message)
        }
    }

    private static func failure(_ error: RulesError) -> ToolFailure {
        switch error {
        case .invalid, .refused: ToolFailure(ExitStatus.error, error.description)
        case .stopped(let reason): stopped(reason)
        case .damaged(let what): damaged(what)
        }
    }
}
