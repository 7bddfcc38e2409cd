/// Requests for one rider each, riders at random, in pipelines of 64 on several connections at once:
/// the same load for every server that is asked where riders are.
struct PipelinedReads {
    static let depth = 64
    static let connections = 4
    /// Pipelines made ahead; they come again and again.
    private static let prepared = 256
    private let pipelines: [[UInt8]]

    init(riders: Int, _ request: (Int, inout RespWriter) -> Void) {
        var random = SplitMix(seed: 5)
        pipelines = (0..<Self.prepared).map { _ in
            var writer = RespWriter()
            for _ in 0..<Self.depth { request(random.next(riders), &writer) }
            return writer.bytes
        }
    }

    /// At least `wanted` requests; a pipeline on every connection, then the replies of all. Returns
    /// how many there were and how long they took.
    func run(_ wanted: Int, on sockets: [RespSocket]) throws -> (requests: Int, seconds: Double) {
        let rounds = max(1, wanted / Self.depth / sockets.count)
        var next = 0
        let seconds = try Timing.seconds {
            for _ in 0..<rounds {
                for socket in sockets {
                    try socket.send(pipelines[next % pipelines.count])
                    next += 1
                }
                for socket in sockets { try socket.receive(Self.depth) }
            }
        }
        return (next * Self.depth, seconds)
    }
}
