import NIOCore
import TachoEngine
import TachoGeo
import TachoWire

/// Messages about moves as bytes, made once for all who hear the same.
///
/// Most listeners with a pattern have the same one and stand at the same place: a thousand of them
/// are sent the same buffer. Thrown away when riders have moved, so what is told is true now.
struct MoveMessages {
    private struct Key: Hashable {
        var version: RespVersion
        var pattern: [UInt8]
        var from: UInt64
    }

    /// Messages to the riders of a log's piece that a pattern takes.
    struct Piece {
        var bytes: ByteBuffer
        /// Where the next piece begins.
        var next: UInt64
    }

    private var pieces: [Key: Piece] = [:]
    private var payloads: [UInt32: (name: [UInt8], payload: [UInt8])] = [:]

    private static let keptPieces = 64
    private static let keptPayloads = 4_096

    mutating func removeAll() {
        pieces.removeAll(keepingCapacity: true)
        payloads.removeAll(keepingCapacity: true)
    }

    /// Name and message of a rider; nil: there is nothing to show. Cost: 0.5 µs for the first.
    mutating func message(
        of rider: UInt32, _ service: RespService
    ) -> (name: [UInt8], payload: [UInt8])? {
        if let known = payloads[rider] { return known }
        guard let fix = service.engine.shown(rider) else { return nil }
        let name = service.engine.riderName(of: rider)
        var payload: [UInt8] = []
        payload.reserveCapacity(320)
        PositionMessage.append(
            rider: name, fix, cell: service.shownCells.cell(of: fix.fix, rider: rider), to: &payload
        )
        if payloads.count >= Self.keptPayloads { payloads.removeAll(keepingCapacity: true) }
        payloads[rider] = (name, payload)
        return (name, payload)
    }

    /// What a listener with one pattern hears from a number of the log on, some `bytes` of it.
    mutating func piece(
        of pattern: GlobPattern, _ version: RespVersion, from number: UInt64, _ log: MoveLog,
        upTo bytes: Int, _ service: RespService
    ) -> Piece {
        let key = Key(version: version, pattern: pattern.text, from: number)
        if let known = pieces[key] { return known }
        var writer = ReplyWriter(version)
        let next = append([pattern], from: number, log, upTo: bytes, service, to: &writer)
        let piece = Piece(bytes: ByteBuffer(bytes: writer.bytes), next: next)
        if pieces.count >= Self.keptPieces { pieces.removeAll(keepingCapacity: true) }
        pieces[key] = piece
        return piece
    }

    /// The same for any patterns, after one another for each rider, behind what is written already.
    /// Looks at so many riders at most that a pattern which takes none holds nobody up.
    mutating func append(
        _ patterns: [GlobPattern], from number: UInt64, _ log: MoveLog, upTo bytes: Int,
        _ service: RespService, to writer: inout ReplyWriter
    ) -> UInt64 {
        var left = Self.looked
        let start = writer.count
        return log.riders(from: number) { rider in
            let channel = SubscribeCommand.prefix + service.engine.riderName(of: rider)
            for pattern in patterns where pattern.matches(channel) {
                guard let (name, payload) = message(of: rider, service) else { break }
                writer.move(name, pattern, payload)
            }
            left -= 1
            return left > 0 && writer.count - start < bytes
        }
    }

    private static let looked = 2_048
}
