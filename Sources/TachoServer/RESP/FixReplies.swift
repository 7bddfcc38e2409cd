import TachoEngine
import TachoGeo
import TachoWire

/// Fixes as replies. lat and lon have 7 decimals, other decimals the shortest text; an unknown
/// value is nil.
extension ReplyWriter {
    /// T.GET: ts lat lon speed heading acc verdict cell alt src recv_ms [age_ms]. In one piece unless
    /// the verdict has codes, which are text of any length.
    mutating func latest(_ fix: StoredFix, cell: UInt64, ageMs: Int64?) {
        let elements = ageMs == nil ? 11 : 12
        if fix.verdict.isOk {
            return fields { fields in
                fields.array(elements)
                fields.position(fix.fix)
                fields.bulk("ok")
                fields.rest(fix, cell: cell, ageMs: ageMs)
            }
        }
        fields { fields in
            fields.array(elements)
            fields.position(fix.fix)
        }
        bulk(fix.verdict.text)
        fields { fields in fields.rest(fix, cell: cell, ageMs: ageMs) }
    }

    /// Elements of T.RANGE: ts lat lon speed heading acc verdict alt src recv_ms. False: longer than
    /// `limit` with what was written before. `handOver` gets the reply in pieces if it surely is
    /// within the limit: the client reads the first while the next are written.
    private mutating func points(
        _ fixes: [StoredFix], upTo limit: Int, handOver: ([UInt8]) -> Void
    ) -> Bool {
        if fixes.isEmpty { return true }
        let isSurelyWithin = count + Self.longest(fixes) <= limit
        reserve(isSurelyWithin ? 2 * Self.pieceBytes : limit)
        var next = 0
        return items(upTo: limit) { writer in
            if isSurelyWithin && writer.count >= Self.pieceBytes { handOver(writer.take()) }
        } _: { fields in
            let fix = fixes[next]
            next += 1
            fields.array(10)
            fields.position(fix.fix)
            if fix.verdict.isOk {
                fields.bulk("ok")
            } else {
                // All names together have 300 letters.
                fields.bulk(fix.verdict.text, room: Self.verdictRoom)
            }
            fields.rest(fix, cell: nil, ageMs: nil)
            return next < fixes.count
        }
    }

    private static let verdictRoom = 512
    /// The longest point whose verdict is `ok`: all integers and decimals at their limits.
    private static let longestPointBytes = 192
    private static let pieceBytes = 1 << 16

    /// Bytes that points take at most.
    private static func longest(_ fixes: [StoredFix]) -> Int {
        let judged = fixes.count { !$0.verdict.isOk }
        return fixes.count * longestPointBytes + judged * verdictRoom
    }

    /// T.RANGE. A cut page with COUNT ends in its cursor; without COUNT a cut is an error, because
    /// a client that did not ask for pages would take it for everything.
    mutating func page(
        _ result: Result<TrackPage, ReadError>, hasCount: Bool, limits: ServerLimits,
        handOver: ([UInt8]) -> Void
    ) {
        let start = count
        switch result {
        case .failure(let error): self.error(error.replyText)
        case .success(let page):
            guard hasCount || page.next == nil else {
                return self.error(
                    "ERR more than \(limits.rangeFixes) fixes, use COUNT and CURSOR")
            }
            array(page.fixes.count + (page.next == nil ? 0 : 1))
            guard points(page.fixes, upTo: start + limits.replyBytes, handOver: handOver) else {
                truncate(to: start)
                return self.error(
                    "ERR reply longer than \(limits.replyBytes) bytes,"
                        + " use a smaller COUNT and CURSOR")
            }
            if let next = page.next { bulk(next.text) }
        }
    }

    mutating func length(_ result: Result<Int, ReadError>) {
        switch result {
        case .failure(let error): self.error(error.replyText)
        case .success(let count): integer(Int64(count))
        }
    }

    /// T.SEAL: [segment, points, sha256] for each range that was sealed.
    mutating func sealed(_ result: Result<[SealedRange], SealError>) {
        switch result {
        case .failure(let error): self.error("ERR \(error)")
        case .success(let ranges):
            array(ranges.count)
            for range in ranges {
                array(3)
                integer(Int64(range.segment))
                integer(Int64(range.points))
                bulk(Self.hex(range.sha256))
            }
        }
    }

    static func hex(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}

extension Verdict {
    fileprivate var isOk: Bool { codes == 0 && effect == .accept }
}

extension ReplyFields {
    /// ts lat lon speed heading acc.
    fileprivate mutating func position(_ fix: Fix) {
        integer(fix.tsMs)
        degrees(fix.latE7)
        degrees(fix.lonE7)
        if fix.speedCms == Fix.absent { null() } else { hundredths(fix.speedCms) }
        if fix.headingCdeg == Fix.absent { null() } else { hundredths(fix.headingCdeg) }
        if fix.accuracyDm == Fix.absent { null() } else { tenths(fix.accuracyDm) }
    }

    /// What stands behind the verdict: [cell] alt src recv_ms [age_ms].
    fileprivate mutating func rest(_ fix: StoredFix, cell: UInt64?, ageMs: Int64?) {
        if let cell { hex(cell) }
        if fix.fix.altitudeDm == Fix.absent { null() } else { tenths(fix.fix.altitudeDm) }
        switch fix.fix.source {
        case .unknown: null()
        case .gps: bulk("gps")
        case .net: bulk("net")
        case .fused: bulk("fused")
        case .mock: bulk("mock")
        }
        integer(fix.recvMs)
        if let ageMs { integer(ageMs) }
    }
}

extension AppendError {
    var replyText: String {
        switch self {
        case .tryAgain(let afterMs, let reason): "TRYAGAIN \(afterMs) \(reason)"
        case .stopped(let reason): "ERR stopped: \(reason)"
        case .unreadable: "ERR \(self)"
        }
    }
}

extension ReadError {
    var replyText: String {
        switch self {
        case .stopped(let reason): "ERR stopped: \(reason)"
        case .tryAgain(let afterMs, let reason): "TRYAGAIN \(afterMs) \(reason)"
        case .damaged(let what): "ERR damaged: \(what)"
        case .segment: "ERR \(self)"
        }
    }
}
