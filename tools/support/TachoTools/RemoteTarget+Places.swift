package import TachoClient
import TachoWire

extension RemoteTarget {
    package func reindex(resolution: Int?) throws(ToolFailure) -> [StatRow] {
        let reply = try call(refusalsAsTheyAre: true) { writer in
            writer.command(
                ["T.REINDEX"] + (resolution.map { ["RESOLUTION", String($0)] } ?? []))
        }
        guard let rows = RemoteReplies.stats(reply) else {
            throw notUnderstood("T.REINDEX: names and numbers expected")
        }
        return rows
    }

    package func who(
        _ request: WhoRequest, after cursor: String?
    ) throws(ToolFailure) -> WhoRows {
        let reply = try call { writer in
            let times = ["FROM", String(request.fromMs), "TO", String(request.toMs)]
            let page = ["COUNT", String(WhoRequest.pageRiders)]
            writer.command(
                ["T.WHO"] + request.words + times + page + (cursor.map { ["CURSOR", $0] } ?? []))
        }
        guard var elements = reply.elements else { throw notUnderstood("T.WHO: riders expected") }
        var page = WhoRows(rows: [], next: nil)
        if let last = elements.last, let cursor = last.text {
            page.next = cursor
            elements.removeLast()
        }
        for element in elements {
            guard let fields = element.elements, fields.count == 4, let rider = fields[0].text,
                let first = fields[1].integer, let last = fields[2].integer,
                let points = fields[3].integer
            else { throw notUnderstood("T.WHO: a rider expected") }
            page.rows.append(
                WhoRow(rider: rider, firstMs: first, lastMs: last, points: points))
        }
        return page
    }
}
