import TachoCodec
import TachoGeo
import Testing

/// What chunks of 256 fixes cost on real tracks. The figures are printed for people; what is
/// checked is that all comes back and that no source costs absurdly much.
@Suite(.enabled(if: RealTracks.isPresent, "the real tracks are not beside the repository"))
struct BytesPerPointTests {
    struct Tally {
        var fixes = 0
        var malformed = 0
        var place = 0
        var whole = 0
    }

    @Test(arguments: RealTracks.compressed)
    func `real tracks come back from chunks of 256`(name: String) throws {
        var riders: [[UInt8]: [Fix]] = [:]
        var tally = Tally()
        let warnings = try RealTracks.read(name) { row in
            guard row.defect == nil, case .success(let reading) = row.text.read() else {
                tally.malformed += 1
                return
            }
            riders[Array(row.rider), default: []].append(reading.fix)
        }
        #expect(warnings.isEmpty)
        #expect(tally.malformed == (name == "geolife" ? 1 : 0))
        for fixes in riders.values {
            let ordered = fixes.enumerated().sorted {
                ($0.element.tsMs, $0.offset) < ($1.element.tsMs, $1.offset)
            }.map(\.element)
            for start in stride(from: 0, to: ordered.count, by: 256) {
                try measure(Array(ordered[start..<min(start + 256, ordered.count)]), &tally)
            }
        }
        let perFix = Double(tally.fixes)
        let place = rounded(Double(tally.place) / perFix)
        let whole = rounded(Double(tally.whole) / perFix)
        print("\(name): ts+lat+lon(+speed) \(place) B/point, whole chunk \(whole) B/point")
        #expect(Double(tally.place) / perFix < 12)
    }

    private func measure(_ fixes: [Fix], _ tally: inout Tally) throws {
        func stored(_ fix: Fix) -> StoredFix {
            StoredFix(
                fix: fix, provenance: .live, vehicle: .car, verdict: Verdict(isTrusted: true),
                recvMs: StoredFix.quantisedReceipt(tsMs: fix.tsMs, nowMs: fix.tsMs + 150),
                claimedRecvMs: 0)
        }
        let arrivals = (0..<UInt32(fixes.count)).map { $0 }
        let whole = Track(fixes: fixes.map(stored), arrivals: arrivals)
        let chunk = whole.chunk()
        #expect(try Track.read(chunk: chunk).0 == whole)
        // The columns of place alone: the others are constants here, of known size.
        let place = Track(
            fixes: fixes.map {
                stored(
                    Fix(
                        tsMs: $0.tsMs, latE7: $0.latE7, lonE7: $0.lonE7, speedCms: $0.speedCms))
            }, arrivals: arrivals)
        tally.fixes += fixes.count
        tally.place += place.columns().count
        tally.whole += chunk.count
    }

    private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
