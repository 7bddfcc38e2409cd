import TachoClient

/// What `tacho latest`, `seal` and `stats` print; alerts are in files of their own.
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
