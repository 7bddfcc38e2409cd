/// The place of an alert, or of an event of a fence, in its stream: the server's commit time in ms, made
/// monotone, and a number.
package struct AlertID: Hashable, Comparable, Sendable {
    package var ms: Int64
    package var n: UInt32

    package init(ms: Int64, n: UInt32) {
        self.ms = ms
        self.n = n
    }

    package var text: String { "\(ms)-\(n)" }

    package static func < (a: AlertID, b: AlertID) -> Bool {
        a.ms != b.ms ? a.ms < b.ms : a.n < b.n
    }
}
