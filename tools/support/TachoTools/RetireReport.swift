package import TachoClient
import TachoEngine
import TachoWire

/// A range whose points left the database.
package struct RetiredRow: Equatable, Sendable {
    package var segment: Int64
    package var points: Int64
    /// Of the chunks that went.
    package var bytes: Int64
}

/// A range that was old enough and had to stay.
package struct KeptRow: Equatable, Sendable {
    package var segment: Int64
    package var reason: String
}

package struct RetiredRows: Equatable, Sendable {
    package var retired: [RetiredRow] = []
    package var kept: [KeptRow] = []
}

extension LocalTarget {
    package func retire(
        hotDays: Double?, copies: [String]
    ) throws(ToolFailure) -> RetiredRows {
        guard let hotDays else {
            throw ToolFailure(
                ExitStatus.usage, "--hot-days D expected: how long points stay in the database")
        }
        do {
            let report = try engine.retire(RetireQuery(hotDays: hotDays, copies: copies))
            return RetiredRows(
                retired: report.retired.map {
                    RetiredRow(
                        segment: Int64($0.segment), points: Int64($0.points),
                        bytes: Int64($0.bytes))
                },
                kept: report.kept.map { KeptRow(segment: Int64($0.segment), reason: $0.reason) })
        } catch {
            switch error {
            case .stopped(let reason): throw Self.stopped(reason)
            }
        }
    }
}

extension RemoteTarget {
    package func retire(
        hotDays: Double?, copies: [String]
    ) throws(ToolFailure) -> RetiredRows {
        guard copies.isEmpty else {
            throw ToolFailure(
                ExitStatus.usage,
                "--require-copy: a running server was told its mirrors when it started "
                    + "(tachod --require-copy)")
        }
        let reply = try call(refusalsAsTheyAre: true) { writer in
            writer.command(["T.RETIRE"] + (hotDays.map { ["HOTDAYS", String($0)] } ?? []))
        }
        guard let rows = RemoteReplies.retire(reply) else {
            throw notUnderstood("T.RETIRE: ranges that left and ranges that stay expected")
        }
        return rows
    }
}

extension RemoteReplies {
    /// Arrays segment, points, bytes; arrays segment, reason.
    static func retire(_ reply: Reply) -> RetiredRows? {
        guard let lists = reply.elements, lists.count >= 2, let retired = lists[0].elements,
            let kept = lists[1].elements
        else { return nil }
        var rows = RetiredRows()
        for element in retired {
            guard let fields = element.elements, fields.count >= 3,
                let segment = fields[0].integer, let points = fields[1].integer,
                let bytes = fields[2].integer
            else { return nil }
            rows.retired.append(RetiredRow(segment: segment, points: points, bytes: bytes))
        }
        for element in kept {
            guard let fields = element.elements, fields.count >= 2,
                let segment = fields[0].integer, let reason = fields[1].text
            else { return nil }
            rows.kept.append(KeptRow(segment: segment, reason: reason))
        }
        return rows
    }
}

extension Reports {
    /// True: nothing had to stay.
    @discardableResult
    package static func retire(
        _ rows: RetiredRows, json: Bool, to output: Output
    ) throws -> Bool {
        for row in rows.retired {
            if json {
                var object = JSONObject()
                object.add("segment", integer: row.segment)
                object.add("retired", json: Array("true".utf8))
                object.add("points", integer: row.points)
                object.add("bytes", integer: row.bytes)
                try output.line(object.finished())
            } else {
                try output.line(
                    "retired segment \(row.segment): \(row.points) points, \(row.bytes) bytes of "
                        + "chunks")
            }
        }
        for row in rows.kept {
            if json {
                var object = JSONObject()
                object.add("segment", integer: row.segment)
                object.add("retired", json: Array("false".utf8))
                object.add("reason", string: row.reason)
                try output.line(object.finished())
            } else {
                try output.line("kept segment \(row.segment): \(row.reason)")
            }
        }
        if rows.retired.isEmpty && rows.kept.isEmpty && !json {
            try output.line("nothing is old enough")
        }
        try output.flush()
        return rows.kept.isEmpty
    }
}
