import TachoGeo
import TachoWire

/// Which command carries the fixes.
package enum FleetForm: Sendable {
    /// T.MADDX.
    case extended
    /// T.ADD, one fix in a request.
    case single
    /// T.PUT.
    case packed
}

/// Fixes that travel in one command, and where they stand in the ledger.
struct FleetRequest: Sendable {
    var first: Int
    var lines: [FixLine]
    /// Time of the monotonic clock.
    var sentNs: UInt64 = 0

    /// The S lines.
    var ledgerText: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(lines.count * 96)
        for line in lines { LedgerText.appendSent(line, to: &out) }
        return out
    }

    func encode(_ form: FleetForm, into writer: inout RequestWriter) {
        switch form {
        case .extended: encodeExtended(into: &writer)
        case .single:
            precondition(lines.count == 1, "T.ADD carries one fix")
            encodeSingle(lines[0], into: &writer)
        case .packed:
            var batch = PackedBatchWriter()
            for line in lines { batch.append(rider: Array(line.field(0)), fix: line.fix) }
            writer.put(batch)
        }
    }

    private func encodeExtended(into writer: inout RequestWriter) {
        writer.begin(arguments: 1 + lines.count * FixTuples.Form.extended.width)
        writer.argument("T.MADDX")
        for line in lines {
            for number in 0..<FixLine.fieldCount { writer.argument(line.field(number)) }
            writer.argument("-")
        }
    }

    private func encodeSingle(_ line: FixLine, into writer: inout RequestWriter) {
        let options = [(4, "SPEED"), (5, "HEADING"), (6, "ACC")].filter { number, _ in
            !line.field(number).elementsEqual("-".utf8)
        }
        writer.begin(arguments: 5 + options.count * 2)
        writer.argument("T.ADD")
        for number in 0..<4 { writer.argument(line.field(number)) }
        for (number, name) in options {
            writer.argument(name)
            writer.argument(line.field(number))
        }
    }

    /// The masks of a reply; nil if it does not answer this request.
    func masks(_ reply: Reply) -> [ReplyMask]? {
        if let put = PutReply(reply) { return put.count == lines.count ? put.masks : nil }
        let values = reply.elements?.map(\.integer) ?? [reply.integer]
        let masks = values.compactMap { $0.flatMap { UInt8(exactly: $0) } }
            .map { ReplyMask(rawValue: $0) }
        return masks.count == lines.count ? masks : nil
    }
}
