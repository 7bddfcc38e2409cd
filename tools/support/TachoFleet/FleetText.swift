import TachoClient

/// What `tacho-fleet` prints.
package enum FleetText {
    package static func json(_ report: FleetReport) -> String {
        let perSecond = report.perSecond.map { String($0) }.joined(separator: ",")
        return #"{"sent":\#(report.sent),"acknowledged":\#(report.acknowledged),"#
            + #""duplicate":\#(report.duplicate),"p50_ms":\#(latency(report, 0.5)),"#
            + #""p99_ms":\#(latency(report, 0.99)),"refused":\#(report.refused),"#
            + #""unanswered":\#(report.unanswered),"flagged":\#(report.flagged),"#
            + #""seconds":\#(rounded(report.seconds)),"#
            + #""points_per_second":\#(pointsPerSecond(report)),"#
            + library(report) + #""per_second":[\#(perSecond)]}"#
    }

    /// What only a run by the library has.
    private static func library(_ report: FleetReport) -> String {
        let values = [
            ("resent", report.resent), ("spooled", report.spooled),
            ("left_in_spool", report.leftInSpool),
        ]
        return values.compactMap { name, value in value.map { #""\#(name)":\#($0),"# } }.joined()
    }

    package static func text(_ report: FleetReport) -> String {
        var lines = report.perSecond.enumerated().map { second, count in
            "second \(second + 1): \(count) fixes acknowledged"
        }
        lines.append(
            "sent \(report.sent), acknowledged \(report.acknowledged), duplicate"
                + " \(report.duplicate), flagged \(report.flagged), refused \(report.refused),"
                + " unanswered \(report.unanswered)")
        lines.append(
            "\(rounded(report.seconds)) s, \(pointsPerSecond(report)) fixes/s, answers p50"
                + " \(latency(report, 0.5)) ms, p99 \(latency(report, 0.99)) ms")
        if let resent = report.resent { lines.append("\(resent) fixes were sent again") }
        if let spooled = report.spooled {
            lines.append(
                "\(spooled) fixes went into the spool, \(report.leftInSpool ?? 0) are in it")
        }
        return lines.joined(separator: "\n")
    }

    private static func pointsPerSecond(_ report: FleetReport) -> Int {
        report.seconds > 0 ? Int((Double(report.acknowledged) / report.seconds).rounded()) : 0
    }

    /// `null` when nothing was answered.
    private static func latency(_ report: FleetReport, _ share: Double) -> String {
        report.latency.quantileMs(share).map { rounded($0) } ?? "null"
    }

    /// Three decimals.
    private static func rounded(_ value: Double) -> String {
        "\((value * 1_000).rounded() / 1_000)"
    }
}
