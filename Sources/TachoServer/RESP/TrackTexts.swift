import TachoEngine
import TachoGeo
import TachoWire

/// T.RANGE as one text.
extension ReplyWriter {
    /// Without COUNT a bulk string, and too many fixes for it are an error. With COUNT an array: the
    /// bulk string of this page, and a cursor where it was cut.
    mutating func page(
        _ result: Result<TrackPage, ReadError>, of rider: [UInt8], as form: TrackForm,
        hasCount: Bool, whole: Int, _ limits: ServerLimits
    ) {
        let page: TrackPage
        switch result {
        case .failure(let failure): return error(failure.replyText)
        case .success(let found): page = found
        }
        guard hasCount || page.next == nil else {
            return error("ERR more than \(whole) fixes, use COUNT and CURSOR")
        }
        let text =
            form == .packed ? Self.packed(page.fixes, rider) : Self.geoJSON(page.fixes, rider)
        guard text.count <= limits.replyBytes - Self.frameBytes else {
            return error(
                "ERR reply longer than \(limits.replyBytes) bytes,"
                    + " use a smaller COUNT and CURSOR")
        }
        if hasCount { array(page.next == nil ? 1 : 2) }
        reserve(text.count + Self.frameBytes)
        bulk(text)
        if hasCount, let next = page.next { bulk(next.text) }
    }

    /// Lengths and a cursor.
    private static let frameBytes = 128

    private static func packed(_ fixes: [StoredFix], _ rider: [UInt8]) -> [UInt8] {
        var batch = PackedBatchWriter()
        for fix in fixes { batch.append(rider: rider, fix: fix.fix) }
        return batch.bytes
    }

    private static func geoJSON(_ fixes: [StoredFix], _ rider: [UInt8]) -> [UInt8] {
        var track = GeoJSONTrack(rider: rider)
        for fix in fixes { track.append(fix.fix, verdict: fix.verdict.text) }
        return track.text()
    }
}
