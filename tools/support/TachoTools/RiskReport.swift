import TachoClient

/// What `tacho risk` prints: the greatest risk first. Named riders that nobody knows are told of by
/// the failure, after all others were printed.
extension Reports {
    package static func risk(
        _ order: RiskOrder, from target: any Target, json: Bool, to output: Output
    ) throws {
        let rows = try target.risk(order)
        for row in rows {
            if json { try output.line(self.json(row)) } else { try output.line(text(row)) }
        }
        if rows.isEmpty && order.riders.isEmpty && !json {
            try output.line("no rider with alerts of weight")
        }
        try output.flush()
        let missing = try unknown(order, rows, target)
        guard missing.isEmpty else {
            throw ToolFailure(
                ExitStatus.error, "no rider \(missing.joined(separator: ", ")): check the name")
        }
    }

    /// Named riders are all listed, unless MIN or the limit keeps some out: then it is asked again.
    private static func unknown(
        _ order: RiskOrder, _ rows: [RiskRow], _ target: any Target
    ) throws -> [String] {
        guard !order.riders.isEmpty else { return [] }
        var listed = Set(rows.map(\.rider))
        if listed.count < order.riders.count {
            var all = RiskOrder()
            all.riders = order.riders
            all.atMs = order.atMs
            listed.formUnion(try target.risk(all).map(\.rider))
        }
        return order.riders.map { String(decoding: $0, as: UTF8.self) }
            .filter { !listed.contains($0) }
    }

    static func json(_ row: RiskRow) -> [UInt8] {
        var object = JSONObject()
        object.add("rider", string: row.rider)
        object.add("risk", json: Array(row.risk.utf8))
        object.add("case", json: Array((row.caseSinceMs == nil ? "false" : "true").utf8))
        if let since = row.caseSinceMs {
            object.add("case_since_ms", integer: since)
        } else {
            object.addNull("case_since_ms")
        }
        object.add("alerts", integer: row.alerts)
        object.add("at_ms", integer: row.atMs)
        let codes = row.shares.map { share in
            var code = JSONObject()
            code.add("code", string: share.code)
            code.add("severity", string: share.severity)
            code.add("alerts", integer: share.alerts)
            code.add("risk", json: Array(share.risk.utf8))
            code.add("last_at_recv_ms", integer: share.lastAtRecvMs)
            return code.finished()
        }
        object.add("codes", json: list(codes))
        return object.finished()
    }

    private static func text(_ row: RiskRow) -> String {
        let codes = row.shares.map { share in
            "\(share.code) (\(share.severity)) \(share.risk) of \(share.alerts)"
        }
        let since = row.caseSinceMs.map { "  case since \(Instant.text(ms: $0))" } ?? ""
        return "\(row.risk)  \(row.rider)\(since)"
            + (codes.isEmpty ? "  no alerts" : "  " + codes.joined(separator: ", "))
    }
}
