import ArgumentParser

/// A number of bytes: `4096`, `500M`, `5G`. K, M, G and T count by 1,024.
struct ByteSize: ExpressibleByArgument {
    let bytes: UInt64

    init?(argument: String) {
        var digits = Substring(argument)
        var factor: UInt64 = 1
        if let unit = digits.last, !unit.isNumber {
            switch unit {
            case "K", "k": factor = 1 << 10
            case "M", "m": factor = 1 << 20
            case "G", "g": factor = 1 << 30
            case "T", "t": factor = 1 << 40
            default: return nil
            }
            digits.removeLast()
        }
        guard let count = UInt64(digits) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        self.bytes = bytes
    }
}

/// Sequence numbers `FROM-TO`, both included.
struct SequenceRange: ExpressibleByArgument {
    let range: ClosedRange<UInt64>

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let from = UInt64(parts[0]), let to = UInt64(parts[1]), from <= to
        else { return nil }
        range = from...to
    }
}

/// The levels of swift-log, by name.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

/// What clients must show.
enum ClientCertificates: String, ExpressibleByArgument, CaseIterable {
    case required, optional
}

/// How log lines are written.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
