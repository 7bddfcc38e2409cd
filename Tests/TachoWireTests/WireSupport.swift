import TachoGeo
import TachoWire

/// A small generator with a seed (SplitMix64), so that a failure can be played again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// One request as bytes.
func request(_ words: [[UInt8]]) -> [UInt8] {
    var bytes = Array("*\(words.count)\r\n".utf8)
    for word in words { bytes += Array("$\(word.count)\r\n".utf8) + word + [0x0D, 0x0A] }
    return bytes
}

func request(_ words: String...) -> [UInt8] { request(words.map { Array($0.utf8) }) }

/// What a parser made of a stream of bytes.
struct Heard: Equatable {
    var requests: [[[UInt8]]] = []
    var refusal: ProtocolError?
}

/// Feeds `stream` in pieces that end at `cuts`, dropping answered requests as the server does.
func hear(_ stream: [UInt8], cuts: [Int]) -> Heard {
    var parser = RequestParser()
    var heard = Heard()
    var held: [UInt8] = []
    var start = 0
    for cut in cuts.sorted() + [stream.count] {
        held += stream[start..<cut]
        start = cut
        drain: while heard.refusal == nil {
            switch parser.next(held.span.bytes) {
            case .needsMore: break drain
            case .refused(let error): heard.refusal = error
            case .request(let count):
                let words = held.withUnsafeBytes { bytes in
                    parser.withArguments(of: bytes) { arguments in
                        (0..<arguments.count).map { Array(arguments[$0]) }
                    }
                }
                heard.requests.append(words)
                held.removeFirst(count)
            }
        }
    }
    return heard
}

/// Parses one whole request into a command.
func command(_ words: [String]) throws -> Command {
    try withArguments(words.map { Array($0.utf8) }) { try Command.parse($0) }
}

func command(_ words: String...) throws -> Command { try command(words) }

func commandError(_ words: String...) -> String? {
    do {
        _ = try command(words)
        return nil
    } catch {
        return (error as? CommandError)?.message
    }
}

func withArguments<R>(_ words: [[UInt8]], _ body: (Arguments) throws -> R) throws -> R {
    let bytes = request(words)
    var parser = RequestParser()
    guard case .request(bytes.count) = parser.next(bytes.span.bytes) else {
        throw ProtocolError.invalidArgumentCount
    }
    return try bytes.withUnsafeBytes { try parser.withArguments(of: $0, body) }
}

/// Names and values of a batch, as the engine reads them.
func riders(_ batch: FixBatch) -> [String] {
    batch.entries.map { entry in
        let start = Int(entry.nameStart)
        let name = batch.names[start..<start + Int(entry.nameCount)]
        return String(decoding: name, as: UTF8.self)
    }
}
