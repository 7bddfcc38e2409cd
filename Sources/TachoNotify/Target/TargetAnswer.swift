import TachoGeo

/// What an answer, or none, means for what was sent.
enum TargetAnswer {
    static func outcome(
        _ result: Result<HTTPAnswer, HTTPFailure>, of kind: TargetAddress.Kind
    ) -> DeliveryOutcome {
        switch result {
        case .failure(let failure):
            return .failed(DeliveryFailure(.unreachable, failure.reason))
        case .success(let answer):
            if (200..<300).contains(answer.status) { return .delivered }
            let isLater = answer.status == 408 || answer.status == 429 || answer.status >= 500
            let failure = DeliveryFailure(
                isLater ? .later : .refused, reason(answer, kind),
                retryAfterMs: answer.retryAfter.map { retryAfterMs($0) })
            return .failed(failure)
        }
    }

    /// Seconds; a date, or what is neither, is as long as waits may be at most: what is further away
    /// counts no more than that anyhow.
    static func retryAfterMs(_ text: String) -> Int64 {
        guard let seconds = Int64(text.filter { $0 != " " }), seconds >= 0 else {
            return Backoff.mostMs
        }
        return seconds > Backoff.mostMs / 1_000 ? Backoff.mostMs : seconds * 1_000
    }

    /// What a webhook says is not shown: many say the path again that they were asked for, which is a
    /// secret, or the riders they were told of.
    private static func reason(_ answer: HTTPAnswer, _ kind: TargetAddress.Kind) -> String {
        let text = kind == .webhook ? "" : shown(answer.body)
        let said = text.isEmpty ? "" : ": \(text)"
        return switch answer.status {
        case 300..<400: "it answers \(answer.status), a redirect: name the address it moved to"
        case 401, 403, 407: "it answers \(answer.status), wrong or missing credentials" + said
        case 404, 405: "it answers \(answer.status), nothing takes alerts at this path" + said
        default: "it answers \(answer.status)" + said
        }
    }

    /// Receivers may say again what they were sent: digits go, and with them positions and times.
    static func shown(_ body: [UInt8]) -> String {
        var text: [UInt8] = []
        for byte in body {
            if byte &- 48 < 10 {
                if text.last != UInt8(ascii: "?") { text.append(UInt8(ascii: "?")) }
            } else if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                if text.last != 0x20 { text.append(0x20) }
            } else {
                text.append((0x21...0x7E).contains(byte) ? byte : UInt8(ascii: "?"))
            }
        }
        while text.last == 0x20 { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }
}
