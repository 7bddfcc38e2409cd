package import TachoClient
import TachoWire

extension RemoteTarget {
    package func rules() throws(ToolFailure) -> String {
        let reply = try call { $0.command(["T.RULES", "GET"]) }
        guard let text = reply.text else { throw notUnderstood("T.RULES GET: a text expected") }
        return text
    }

    package func setRules(_ words: [String]) throws(ToolFailure) -> Int64 {
        let reply = try call(refusalsAsTheyAre: true) {
            $0.command(["T.RULES", "SET"] + words)
        }
        guard let revision = reply.integer else {
            throw notUnderstood("T.RULES SET: a revision expected")
        }
        return revision
    }

    package func replayRules(
        _ request: RulesRequest, cursor: Int64?
    ) throws(ToolFailure) -> String {
        var words = ["T.RULES", request.changes == nil ? "RECOMPUTE" : "TEST"]
        words.append(request.fromMs.map { String($0) } ?? "-")
        words.append(request.toMs.map { String($0) } ?? "+")
        words += ["COUNT", String(RulesRequest.pageRiders)]
        if let leadIn = request.leadInS { words += ["LEADIN", String(leadIn)] }
        if let cursor { words += ["CURSOR", String(cursor)] }
        for rider in request.riders { words += ["RIDER", String(decoding: rider, as: UTF8.self)] }
        if let changes = request.changes, !changes.isEmpty { words += ["SET"] + changes }
        let reply = try call(refusalsAsTheyAre: true) { $0.command(words) }
        guard let text = reply.text else {
            throw notUnderstood("\(words[0]) \(words[1]): a text expected")
        }
        return text
    }
}
