package import TachoGeo

/// Writes RESP2 requests one after another into one reused array of bytes.
///
///     var writer = RequestWriter()
///     writer.command("T.GET", "rider-7")
///     writer.begin(arguments: 1 + fixes.count * FixTuples.Form.extended.width)
///     writer.argument("T.MADDX")
///     for fix in fixes { writer.tuple(rider: name, fix: fix, form: .extended) }
package struct RequestWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var scratch: [UInt8] = []

    package init() {}

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// A whole request of a few words.
    package mutating func command(_ words: String...) { command(words) }

    package mutating func command(_ words: [String]) {
        begin(arguments: words.count)
        for word in words { argument(word) }
    }

    /// Starts a request; exactly `count` arguments must follow, the command's name first.
    package mutating func begin(arguments count: Int) { header(UInt8(ascii: "*"), count) }

    package mutating func argument(_ text: String) { argument(text.utf8) }

    package mutating func argument(_ content: some Collection<UInt8>) {
        header(UInt8(ascii: "$"), content.count)
        bytes.append(contentsOf: content)
        lineEnd()
    }

    package mutating func argument(_ content: UnsafeRawBufferPointer) {
        header(UInt8(ascii: "$"), content.count)
        bytes.append(contentsOf: content)
        lineEnd()
    }

    package mutating func argument(integer value: Int64) {
        scratch.removeAll(keepingCapacity: true)
        Decimal.appendInteger(value, to: &scratch)
        appendScratch()
    }

    /// `value` / 10^`decimals` in its shortest text.
    package mutating func argument(_ value: Int64, decimals: Int) {
        scratch.removeAll(keepingCapacity: true)
        Decimal.append(value, decimals: decimals, trimmed: true, to: &scratch)
        appendScratch()
    }

    /// The arguments of one fix in T.MADD, T.MADDX or T.IMPORT: `form.width` of them.
    /// `claimedRecvMs` only counts in `T.IMPORT CLAIMED`.
    package mutating func tuple(
        rider: UnsafeRawBufferPointer, fix: Fix, form: FixTuples.Form, claimedRecvMs: Int64? = nil
    ) {
        argument(rider)
        argument(integer: fix.tsMs)
        argument(Int64(fix.latE7), decimals: 7)
        argument(Int64(fix.lonE7), decimals: 7)
        guard form != .plain else { return }
        optional(fix.speedCms, decimals: 2)
        optional(fix.headingCdeg, decimals: 2)
        optional(fix.accuracyDm, decimals: 1)
        optional(fix.altitudeDm, decimals: 1)
        guard form == .imported else { return }
        argument(fix.source.name ?? "-")
        if let claimedRecvMs { argument(integer: claimedRecvMs) } else { argument("-") }
    }

    /// The same from text as it was read, so that the server is the one that judges it. A nil
    /// field is sent as `-`, unknown.
    package mutating func tuple(
        rider: UnsafeRawBufferPointer, text: FixText, form: FixTuples.Form
    ) {
        argument(rider)
        argument(text.ts)
        argument(text.lat)
        argument(text.lon)
        guard form != .plain else { return }
        optional(text.speed)
        optional(text.heading)
        optional(text.accuracy)
        optional(text.altitude)
        guard form == .imported else { return }
        optional(text.source)
        optional(text.recv)
    }

    private mutating func optional(_ value: Int32, decimals: Int) {
        if value == Fix.absent { argument("-") } else { argument(Int64(value), decimals: decimals) }
    }

    private mutating func optional(_ text: UnsafeRawBufferPointer?) {
        if let text { argument(text) } else { argument("-") }
    }

    private mutating func appendScratch() {
        header(UInt8(ascii: "$"), scratch.count)
        bytes.append(contentsOf: scratch)
        lineEnd()
    }

    private mutating func header(_ kind: UInt8, _ count: Int) {
        bytes.append(kind)
        Decimal.appendInteger(Int64(count), to: &bytes)
        lineEnd()
    }

    private mutating func lineEnd() {
        bytes.append(0x0D)
        bytes.append(0x0A)
    }
}
