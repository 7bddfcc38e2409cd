import TachoEngine
import TachoGeo
import TachoWire
import Testing

@testable import TachoServer

/// T.RANGE's reply goes out in pieces while it is written.
struct ReplyPiecesTests {
    /// Every field as long as it can be.
    private static let longest = StoredFix(
        fix: Fix(
            tsMs: -Fix.timeLimitMs + 1, latE7: -899_999_999, lonE7: -1_799_999_999,
            speedCms: 99_999, headingCdeg: 35_999, accuracyDm: 999_999, altitudeDm: -199_999,
            source: .fused),
        provenance: .live, vehicle: .car, verdict: Verdict(), recvMs: -Fix.timeLimitMs + 1,
        claimedRecvMs: 0)

    private func page(
        _ fixes: [StoredFix], limit: Int
    ) -> (pieces: [[UInt8]], last: [UInt8]) {
        var limits = ServerLimits()
        limits.outputSoftBytes = 0
        limits.outputBytes = limit
        var pieces: [[UInt8]] = []
        var writer = ReplyWriter()
        let page = TrackPage(fixes: fixes, next: nil, isKnownRider: true)
        writer.page(.success(page), hasCount: true, limits: limits) { pieces.append($0) }
        return (pieces, writer.bytes)
    }

    @Test(arguments: [0, 1, 400, 5_000])
    func `pieces together are the whole reply`(count: Int) {
        var fixes = [StoredFix](repeating: Self.longest, count: count)
        for index in fixes.indices {
            fixes[index].fix.tsMs += Int64(index)
            if index % 7 == 0 { fixes[index].fix.speedCms = Fix.absent }
            if index % 50 == 0 {
                fixes[index].verdict = Verdict(codes: Code.teleport.bit, effect: .hold)
            }
        }
        let (pieces, last) = page(fixes, limit: count * 1_000 + 1_000)
        // So tight that it cannot be known beforehand whether it is too long.
        let whole = pieces.joined() + last
        let (none, all) = page(fixes, limit: whole.count)
        #expect(none.isEmpty)
        #expect(Array(whole) == all)
        #expect(pieces.count >= whole.count / 100_000, "\(pieces.count) pieces")
    }

    @Test func `no point is longer than what is set aside for it`() {
        let fixes = [StoredFix](repeating: Self.longest, count: 1_000)
        // Never an error in the middle of a reply whose beginning is on its way.
        let (pieces, last) = page(fixes, limit: 1_000 * 192 + 7)
        let whole = Array(pieces.joined()) + last
        #expect(!pieces.isEmpty)
        #expect(whole.count <= 1_000 * 192)
        #expect(whole.starts(with: Array("*1000\r\n".utf8)))
    }
}
