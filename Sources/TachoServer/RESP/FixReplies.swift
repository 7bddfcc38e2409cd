import TachoEngine
import TachoGeo
import TachoWire

/// Fixes as replies. lat and lon have 7 decimals, other decimals the shortest text; an unknown
/// value is nil.
extension ReplyWriter {
    /// T.GET: ts lat lon speed heading acc verdict cell alt src recv_ms [age_ms].
    mutating func latest(_ fix: StoredFix, ageMs: Int64?) {
        array(ageMs == nil ? 11 : 12)
        position(fix.fix)
        verdict(fix.verdict)
        // The cell: unknown until cells are built.
        null()
        provenance(fix)
        if let ageMs { integer(ageMs) }
    }

    /// One element of T.RANGE: ts lat lon speed heading acc verdict alt src recv_ms.
    mutating func point(_ fix: StoredFix) {
        array(10)
        position(fix.fix)
        verdict(fix.verdict)
        provenance(fix)
    }

    private mutating func position(_ fix: Fix) {
        integer(fix.tsMs)
        decimal(Int64(fix.latE7), decimals: 7, trimmed: false)
        decimal(Int64(fix.lonE7), decimals: 7, trimmed: false)
        optional(fix.speedCms, decimals: 2)
        optional(fix.headingCdeg, decimals: 2)
        optional(fix.accuracyDm, decimals: 1)
    }

    private mutating func provenance(_ fix: StoredFix) {
        optional(fix.fix.altitudeDm, decimals: 1)
        if let name = fix.fix.source.name { bulk(name) } else { null() }
        integer(fix.recvMs)
    }

    private mutating func optional(_ value: Int32, decimals: Int) {
        if value == Fix.absent {
            null()
        } else {
            decimal(Int64(value), decimals: decimals, trimmed: true)
        }
    }

    private mutating func verdict(_ verdict: Verdict) {
        bulk(verdict.codes == 0 && verdict.effect == .accept ? "ok" : verdict.text)
    }

    /// T.RANGE. A cut page with COUNT ends in its cursor; without COUNT a cut is an error, because
    /// a client that did not ask for pages would take it for everything.
    mutating func page(
        _ result: Result<TrackPage, ReadError>, hasCount: Bool, limits: ServerLimits
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
            for fix in page.fixes {
                point(fix)
                guard count - start <= limits.replyBytes else {
                    truncate(to: start)
                    return self.error(
                        "ERR reply longer than \(limits.replyBytes) bytes,"
                            + " use a smaller COUNT and CURSOR")
                }
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

    private static func hex(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}

extension AppendError {
    var replyText: String {
        switch self {
        case .tryAgain(let afterMs, let reason): "TRYAGAIN \(afterMs) \(reason)"
        case .stopped(let reason): "ERR stopped: \(reason)"
        }
    }
}

extension ReadError {
    var replyText: String {
        switch self {
        case .stopped(let reason): "ERR stopped: \(reason)"
        case .damaged(let what): "ERR damaged: \(what)"
        }
    }
}
