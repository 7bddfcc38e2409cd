import Crypto
import TachoGeo

/// One look-up of riders' history by staff, as a line of NDJSON (format-spec.md §23).
package struct AccessRecord: Sendable {
    package var atMs: Int64
    package var user: String
    /// Where the client connects from.
    package var from: String
    package var command: String
    /// nil: it is about more than one, or nobody knows which.
    package var rider: [UInt8]?
    /// What was sent behind the command, without the rider: times, options, areas.
    package var arguments: [[UInt8]]

    package init(
        atMs: Int64, user: String, from: String, command: String, rider: [UInt8]?,
        arguments: [[UInt8]]
    ) {
        self.atMs = atMs
        self.user = user
        self.from = from
        self.command = command
        self.rider = rider
        self.arguments = arguments
    }

    /// The line up to its chain, which is a hash of this and of the chain before.
    func body() -> [UInt8] {
        var line = Array(#"{"at_ms":\#(atMs),"user":"#.utf8)
        append(Array(user.utf8), to: &line)
        line += Array(#","from":"#.utf8)
        append(Array(from.utf8), to: &line)
        line += Array(#","command":"#.utf8)
        append(Array(command.utf8), to: &line)
        line += Array(#","rider":"#.utf8)
        if let rider { append(rider, to: &line) } else { line += Array("null".utf8) }
        line += Array(#","arguments":["#.utf8)
        for (index, argument) in arguments.enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            append(argument, to: &line)
        }
        line.append(UInt8(ascii: "]"))
        return line
    }

    /// What is no UTF-8 is replaced, so that the line is JSON.
    private func append(_ bytes: [UInt8], to line: inout [UInt8]) {
        JSONText.append(quoted: String(decoding: bytes, as: UTF8.self).utf8, to: &line)
    }
}

/// SHA-256(chain of the line before ‖ the line up to its own chain). Before the first line: 32 zeros.
enum AccessChain {
    static let start = [UInt8](repeating: 0, count: 32)
    private static let key = Array(#","chain":""#.utf8)
    private static let end = Array(#""}"#.utf8)

    static func next(_ chain: [UInt8], _ body: some Sequence<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: chain)
        hash.update(data: Array(body))
        return Array(hash.finalize())
    }

    static func line(_ body: [UInt8], _ chain: [UInt8]) -> [UInt8] {
        body + key + Array(Hex.text(chain).utf8) + end + [0x0A]
    }

    /// nil: the line, which is without its end, is none of a record.
    static func split(_ line: ArraySlice<UInt8>) -> (body: ArraySlice<UInt8>, chain: [UInt8])? {
        let tail = key.count + 64 + end.count
        guard line.count > tail else { return nil }
        let rest = line.suffix(tail)
        guard rest.starts(with: key), rest.suffix(end.count).elementsEqual(end) else { return nil }
        let digits = rest.dropFirst(key.count).prefix(64)
        guard let chain = Hex.bytes(String(decoding: digits, as: UTF8.self)) else { return nil }
        return (line.dropLast(tail), chain)
    }
}
