import TachoCodec
package import TachoGeo
import TachoIngest
import TachoStore

/// A verdict that operations hear of. Entries of the stream are immutable with a count of 1; by
/// receipt time they come with the count of later hits in their 60 s.
package struct Alert: Sendable, Hashable {
    package var id: AlertID
    package var rider: [UInt8]
    /// The offending fix.
    package var tsMs: Int64
    /// Receipt time when it was decided.
    package var atRecvMs: Int64
    package var code: Code
    /// info, warn or crit.
    package var severity: String
    package var verdict: Verdict
    package var count: Int
    /// By its last review; entries of the stream, which never change, are always open.
    package var state = AlertState.open
    /// A JSON object.
    package var evidenceJSON: String
}

/// A place in the list of alerts by receipt time.
package struct AlertCursor: Hashable, Comparable, Sendable {
    var atRecvMs: Int64
    var id: AlertID

    init(_ alert: Alert) {
        atRecvMs = alert.atRecvMs
        id = alert.id
    }

    /// `AT_RECV:MS-N`, as clients hand it back.
    package var text: String { "\(atRecvMs):\(id.text)" }

    package init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), let dash = text.lastIndex(of: "-"),
            colon < dash, let at = Int64(text[..<colon]),
            let ms = Int64(text[text.index(after: colon)..<dash]),
            let n = UInt32(text[text.index(after: dash)...])
        else { return nil }
        atRecvMs = at
        id = AlertID(ms: ms, n: n)
    }

    package static func < (a: AlertCursor, b: AlertCursor) -> Bool {
        a.atRecvMs != b.atRecvMs ? a.atRecvMs < b.atRecvMs : a.id < b.id
    }
}

/// Alerts by receipt time, and where to go on when there are more.
package struct AlertPage: Sendable {
    package var alerts: [Alert]
    package var next: AlertCursor?
}

/// The value of an alert in family `alerts`.
enum AlertRow {
    static func bytes(_ hit: AlertHit) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(hit.rider)
        writer.put(hit.tsMs)
        writer.put(hit.atRecvMs)
        writer.put(hit.code)
        writer.put(hit.severity)
        writer.putVerdict(hit.verdict)
        writer.putBlob(hit.evidence)
        return writer.bytes
    }

    static func read(
        _ bytes: UnsafeRawBufferPointer, id: AlertID, name: (UInt32) -> [UInt8]
    ) throws(StoreError) -> (alert: Alert, rider: UInt32) {
        do {
            var reader = ByteReader(bytes)
            let rider: UInt32 = try reader.read()
            let tsMs: Int64 = try reader.read()
            let atRecvMs: Int64 = try reader.read()
            guard let code = Code(rawValue: try reader.read()),
                let severity = Severity(rawValue: try reader.read())
            else { throw StoreError.damaged("an alert's code is not known here") }
            let verdict = try reader.readVerdict()
            let evidence = try reader.readBlob()
            let alert = Alert(
                id: id, rider: name(rider), tsMs: tsMs, atRecvMs: atRecvMs, code: code,
                severity: severity.name, verdict: verdict, count: 1,
                evidenceJSON: String(decoding: evidence, as: UTF8.self))
            return (alert, rider)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("an alert cannot be read")
        }
    }
}

extension AlertFilter {
    func admits(_ alert: Alert) -> Bool {
        admits(
            rider: alert.rider, code: alert.code, severity: alert.severity, state: alert.state,
            atRecvMs: alert.atRecvMs)
    }
}
