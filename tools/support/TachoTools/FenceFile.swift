import TachoClient
import TachoCodec
import TachoGeo

/// Sets the fences of a file: one JSON object a line, with the keys `tacho fence list --json` prints
/// (`id`, `area`, `detect`; `margin_m`, and `expires_ms` or `ex_s`, if wanted).
package enum FenceFile {
    /// Stops at the first line that is no fence: those before it are set, and setting them again
    /// changes nothing.
    package static func load(
        _ input: InputFile, on target: any Target, json: Bool, to output: Output
    ) throws {
        var (number, count) = (0, 0)
        var rest: [UInt8] = []
        func take(_ line: ArraySlice<UInt8>) throws(ToolFailure) {
            number += 1
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard text.contains(where: { $0 != UInt8(ascii: " ") }) else { return }
            do {
                guard let request = try request(Array(text), nowMs: Clock.nowMs()) else { return }
                try target.setFence(request)
            } catch {
                throw ToolFailure(
                    error.status == ExitStatus.usage ? ExitStatus.badData : error.status,
                    "line \(number): \(error.message); \(count) fences were set")
            }
            count += 1
        }
        while true {
            // A signal that does not end the program is no reason to stop.
            guard let chunk = try input.next() else { continue }
            if chunk.isEmpty { break }
            rest += chunk
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                try take(rest[start..<end])
                start = end + 1
            }
            rest.removeSubrange(..<start)
        }
        if !rest.isEmpty { try take(rest[...]) }
        if json {
            var object = JSONObject()
            object.add("set", integer: Int64(count))
            try output.line(object.finished())
        } else {
            try output.line("\(count) fences set")
        }
        try output.flush()
    }

    private static let keys = [
        "id", "area", "detect", "margin_m", "ex_s", "expires_ms", "inside", "events",
    ]

    /// nil: its time has passed.
    private static func request(
        _ line: [UInt8], nowMs: Int64
    ) throws(ToolFailure) -> FenceRequest? {
        let value: JSONValue
        do {
            value = try JSONValue.read(line)
        } catch {
            throw ToolFailure(ExitStatus.usage, "\(error)")
        }
        func word(_ key: String) throws(ToolFailure) -> String {
            guard let text = value[key]?.text else {
                throw ToolFailure(
                    ExitStatus.usage, "no \(key): id, area and detect are needed")
            }
            return text
        }
        for key in value.members ?? [] where !keys.contains(key.key) {
            throw ToolFailure(
                ExitStatus.usage,
                "'\(key.key)' is no key of a fence: \(keys.joined(separator: ", "))")
        }
        var expiresAfter = value["ex_s"]?.text
        if let ms = value["expires_ms"]?.integer {
            // Nothing to watch for any more.
            if ms <= nowMs { return nil }
            expiresAfter = String((ms - nowMs + 999) / 1000)
        }
        return try FenceRequest(
            id: try word("id"), area: try word("area").split(separator: " ").joined(separator: ","),
            detect: try word("detect"), margin: value["margin_m"]?.text,
            expiresAfter: expiresAfter)
    }
}
