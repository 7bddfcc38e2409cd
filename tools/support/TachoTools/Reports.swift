import TachoClient

/// What `tacho latest`, `alerts`, `seal` and `stats` print.
package enum Reports {
    /// One line per rider in the order asked for. Riders without a fix are named by the failure,
    /// after all others were printed.
    package static func latest(
        _ riders: [[UInt8]], from target: any Target, json: Bool, to output: Output
    ) throws {
        let rows = try target.latest(riders)
        var missing: [String] = []
        for (rider, row) in zip(riders, rows) {
            guard let row else {
                missing.append(String(decoding: rider, as: UTF8.self))
                continue
            }
            if json {
                try output.line(FixFormat.json(rider: rider, row))
            } else {
                try output.line(FixFormat.text(rider: rider, row))
            }
        }
        try output.flush()
        guard missing.isEmpty else {
            throw ToolFailure(
                ExitStatus.error,
                "no accepted fix of \(missing.joined(separator: ", ")): check the name")
        }
    }

    package static func alerts(
        from target: any Target, json: Bool, to output: Output
    ) throws {
        var cursor: String?
        var count = 0
        repeat {
            let page = try target.alerts(after: cursor)
            for row in page.rows {
                if json { try output.line(self.json(row)) } else { try output.line(text(row)) }
            }
            count += page.rows.count
            cursor = page.next
        } while cursor != nil
        if count == 0 && !json { try output.line("no alerts") }
        try output.flush()
    }

    static func json(_ row: AlertRow) -> [UInt8] {
        var object = JSONObject()
        object.add("rider", string: row.rider)
        object.add("ts_ms", integer: row.tsMs)
        object.add("at_recv_ms", integer: row.atRecvMs)
        object.add("code", string: row.code)
        object.add("severity", string: row.severity)
        object.add("verdict", string: row.verdict)
        object.add("count", integer: row.count)
        object.add("evidence", json: Array(row.evidence.utf8))
        return object.finished()
    }

    private static func text(_ row: AlertRow) -> String {
        let hits = row.count > 1 ? "  \(row.count) times" : ""
        return "\(Instant.text(ms: row.atRecvMs))  \(row.severity)  \(row.code)  \(row.rider)"
            + "  fix of \(Instant.text(ms: row.tsMs))  \(row.verdict)\(hits)  \(row.evidence)"
    }

    package static func seal(_ rows: [SealRow], json: Bool, to output: Output) throws {
        for row in rows {
            if json {
                var object = JSONObject()
                object.add("segment", integer: row.segment)
                object.add("points", integer: row.points)
                object.add("sha256", string: row.sha256)
                try output.line(object.finished())
            } else {
                try output.line(
                    "sealed segment \(row.segment): \(row.points) points, sha256 \(row.sha256)")
            }
        }
        if rows.isEmpty && !json { try output.line("nothing to seal") }
        try output.flush()
    }

    package static func stats(_ rows: [StatRow], json: Bool, to output: Output) throws {
        if json {
            var object = JSONObject()
            for row in rows { object.add(row.name, json: Array(row.value.utf8)) }
            try output.line(object.finished())
        } else {
            let width = rows.map(\.name.count).max() ?? 0
            for row in rows {
                let gap = String(repeating: " ", count: width - row.name.count + 2)
                try output.line(row.name + gap + row.value)
            }
        }
        try output.flush()
    }
}
