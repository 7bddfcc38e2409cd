package import TachoClient
package import TachoGeo
import TachoWire

/// Commands sent to a running `tachod`.
package final class RemoteTarget: Target {
    private let connection: Connection
    private let access: ServerAccess
    private let patienceMs: Int
    /// What imports go through; made when the first batch comes.
    private var sender: BatchSender?

    /// Riders of one T.MGET; a request may have 1,024 arguments.
    private static let ridersPerRequest = 500

    /// `patienceMs`: how long an import waits for a server that is gone or busy.
    package init(
        _ address: ServerAddress, access: ServerAccess = ServerAccess(), patienceMs: Int = 60_000
    ) throws(ToolFailure) {
        self.access = access
        self.patienceMs = patienceMs
        do {
            connection = try Connection.open(address, access: access)
        } catch {
            throw error.failure
        }
    }

    /// A lost connection is made again and the batch is sent again, which stores nothing twice.
    package func store(_ batch: FixBatch) -> PendingMasks {
        var writer = RequestWriter()
        Self.encode(batch, into: &writer)
        do throws(ToolFailure) {
            if sender == nil {
                sender = try BatchSender(connection.address, access, patienceMs: patienceMs)
            }
        } catch {
            let failure = error
            return PendingMasks { .failure(.failed(failure)) }
        }
        return sender?.send(writer.bytes, fixes: batch.count)
            ?? PendingMasks { .failure(.failed(BatchSender.closed)) }
    }

    /// Values go out as they were understood here, not as they were written in the file: a field
    /// dropped here must not look like one that was never there, and is counted here.
    static func encode(_ batch: FixBatch, into writer: inout RequestWriter) {
        let form = FixTuples.Form.imported
        let hasClaims = batch.entries.contains { $0.provenance == .claimed }
        let options = batch.vehicle == nil ? 0 : 2
        writer.begin(arguments: 2 + options + batch.count * form.width)
        writer.argument("T.IMPORT")
        // A tuple without recv_ms is history in either mode.
        writer.argument(hasClaims ? "CLAIMED" : "HISTORY")
        if let vehicle = batch.vehicle {
            writer.argument("VEHICLE")
            writer.argument(vehicle.name)
        }
        batch.names.withUnsafeBytes { names in
            for entry in batch.entries {
                let start = Int(entry.nameStart)
                writer.tuple(
                    rider: UnsafeRawBufferPointer(
                        rebasing: names[start..<start + Int(entry.nameCount)]),
                    fix: entry.fix, form: form,
                    claimedRecvMs: entry.provenance == .claimed ? entry.claimedRecvMs : nil)
            }
        }
    }

    package func latest(_ riders: [[UInt8]]) throws(ToolFailure) -> [FixRow?] {
        var rows: [FixRow?] = []
        var rest = riders[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.ridersPerRequest)
            rest = rest.dropFirst(some.count)
            let reply = try call { writer in
                writer.begin(arguments: 1 + some.count)
                writer.argument("T.MGET")
                for rider in some { writer.argument(rider) }
            }
            guard let found = reply.elements, found.count == some.count else {
                throw notUnderstood("T.MGET: an answer for each rider expected")
            }
            for element in found {
                if element == .null {
                    rows.append(nil)
                } else if let row = RemoteReplies.latest(element) {
                    rows.append(row)
                } else {
                    throw notUnderstood("T.MGET: a fix expected")
                }
            }
        }
        return rows
    }

    package func track(
        _ request: TrackRequest, after cursor: String?
    ) throws(ToolFailure) -> TrackRows {
        let reply = try call { writer in
            writer.begin(
                arguments: 8 + (cursor == nil ? 0 : 2) + (request.simplifyMm == nil ? 0 : 2))
            writer.argument("T.RANGE")
            writer.argument(request.rider)
            writer.argument(request.fromMs.map { String($0) } ?? "-")
            writer.argument(request.toMs.map { String($0) } ?? "+")
            writer.argument("VERDICT")
            writer.argument(request.filter.rawValue)
            writer.argument("COUNT")
            writer.argument(integer: Int64(TrackRequest.pageFixes))
            if let simplifyMm = request.simplifyMm {
                writer.argument("SIMPLIFY")
                writer.argument(simplifyMm, decimals: 3)
            }
            if let cursor {
                writer.argument("CURSOR")
                writer.argument(cursor)
            }
        }
        guard var page = RemoteReplies.track(reply) else {
            throw notUnderstood("T.RANGE: fixes expected")
        }
        if cursor == nil && page.rows.isEmpty {
            page.isKnownRider = try isKnown(request.rider)
        }
        return page
    }

    /// T.RANGE answers the same for a rider without fixes there and one without any.
    func isKnown(_ rider: [UInt8]) throws(ToolFailure) -> Bool {
        let newest = try call { writer in
            writer.begin(arguments: 3)
            writer.argument("T.GET")
            writer.argument(rider)
            writer.argument("RAW")
        }
        return newest != .null
    }

    package func seal() throws(ToolFailure) -> [SealRow] {
        let reply = try call { $0.command("T.SEAL") }
        guard let rows = RemoteReplies.seal(reply) else {
            throw notUnderstood("T.SEAL: segment, points and hash expected")
        }
        return rows
    }

    package func stats() throws(ToolFailure) -> [StatRow] {
        let reply = try call { $0.command("T.STATS") }
        guard let rows = RemoteReplies.stats(reply) else {
            throw notUnderstood("T.STATS: names and values expected")
        }
        return rows
    }

    package func close() {
        sender?.close()
        connection.close()
    }

    /// `refusalsAsTheyAre`: what the server says is told as if it were this program's own.
    func call(
        refusalsAsTheyAre: Bool = false, _ write: (inout RequestWriter) -> Void
    ) throws(ToolFailure) -> Reply {
        do {
            return try connection.send(write).wait()
        } catch {
            if refusalsAsTheyAre, case .refused(let message) = error {
                throw ToolFailure(ExitStatus.error, message)
            }
            throw error.failure
        }
    }

    func notUnderstood(_ reason: String) -> ToolFailure {
        ClientError.notUnderstood(connection.address, reason: reason).failure
    }
}
