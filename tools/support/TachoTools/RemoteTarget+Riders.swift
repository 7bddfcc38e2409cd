package import TachoClient
package import TachoGeo
import TachoWire

extension RemoteTarget {
    package func explain(
        _ rider: [UInt8], tsMs: Int64, as form: ExplanationForm
    ) throws(ToolFailure) -> [UInt8] {
        let reply = try call(refusalsAsTheyAre: true) { writer in
            writer.begin(arguments: 5)
            writer.argument("T.EXPLAIN")
            writer.argument(rider)
            writer.argument(integer: tsMs)
            writer.argument("AS")
            writer.argument(form.rawValue)
        }
        guard case .bulk(let bytes) = reply else {
            throw notUnderstood("T.EXPLAIN: a text expected")
        }
        return bytes
    }

    package func setVehicle(_ vehicle: VehicleClass, of rider: [UInt8]) throws(ToolFailure) {
        let reply = try call { writer in
            writer.begin(arguments: 5)
            writer.argument("T.RIDER")
            writer.argument("SET")
            writer.argument(rider)
            writer.argument("VEHICLE")
            writer.argument(vehicle.name)
        }
        guard reply == .simple("OK") else { throw notUnderstood("T.RIDER: OK expected") }
    }

    package func rider(_ name: [UInt8]) throws(ToolFailure) -> RiderRow? {
        let reply = try call { writer in
            writer.begin(arguments: 3)
            writer.argument("T.RIDER")
            writer.argument("GET")
            writer.argument(name)
        }
        if reply == .null { return nil }
        guard let row = RiderRow(reply) else { throw notUnderstood("T.RIDER: a rider expected") }
        return row
    }

    package func riders(after cursor: String?) throws(ToolFailure) -> RiderRows {
        let reply = try call { writer in
            let words = ["T.RIDER", "LIST", "COUNT", String(RiderRows.pageRiders)]
            writer.command(words + (cursor.map { ["CURSOR", $0] } ?? []))
        }
        guard var elements = reply.elements else {
            throw notUnderstood("T.RIDER: riders expected")
        }
        var page = RiderRows(rows: [], next: nil)
        if let last = elements.last, let cursor = last.text {
            page.next = cursor
            elements.removeLast()
        }
        for element in elements {
            guard let row = RiderRow(element) else {
                throw notUnderstood("T.RIDER: a rider expected")
            }
            page.rows.append(row)
        }
        return page
    }
}

extension RiderRow {
    /// A flat name–value list; nil: of another shape.
    init?(_ reply: Reply) {
        guard let pairs = RemoteReplies.pairs(reply) else { return nil }
        var values: [String: Reply] = [:]
        for (name, value) in pairs { values[name] = value }
        guard let rider = values["rider"]?.text, let vehicle = values["vehicle"]?.text,
            let points = values["points"]?.integer, let newest = values["newest_ts_ms"],
            newest == .null || newest.integer != nil
        else { return nil }
        self.init(
            rider: rider, vehicle: vehicle, points: points, newestTsMs: newest.integer)
    }
}
