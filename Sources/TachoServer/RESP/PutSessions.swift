/// The newest answer of every session of T.PUT, for as many sessions as the bounds allow: the
/// session that was answered longest ago is forgotten first. Nothing is lost by forgetting, as a
/// batch that is run again finds its fixes stored.
///
/// Lives on the event loop.
package struct PutSessions {
    package struct Key: Equatable, Sendable {
        package var id: [UInt8]
        package var sequence: Int64

        package init(id: [UInt8], sequence: Int64) {
            self.id = id
            self.sequence = sequence
        }
    }

    package enum Memory: Equatable {
        /// To be run.
        case unknown
        /// The reply as it was sent.
        case answered([UInt8])
        case older(last: Int64)
    }

    private struct Answer {
        var sequence: Int64
        var reply: [UInt8]
        /// When it was given, counted in answers.
        var stamp: UInt64
    }

    private let maxSessions: Int
    private let maxBytes: Int
    private var answers: [[UInt8]: Answer] = [:]
    /// By age of the answer; one that was followed by another of its session stays until its turn.
    private var ages: [(id: [UInt8], stamp: UInt64)] = []
    private var firstAge = 0
    private var stamp: UInt64 = 0
    package private(set) var bytes = 0

    package init(maxSessions: Int, maxBytes: Int) {
        self.maxSessions = maxSessions
        self.maxBytes = maxBytes
    }

    package var count: Int { answers.count }

    package func look(up key: Key) -> Memory {
        guard let answer = answers[key.id], answer.sequence >= key.sequence else {
            return .unknown
        }
        return answer.sequence == key.sequence
            ? .answered(answer.reply) : .older(last: answer.sequence)
    }

    package mutating func remember(_ key: Key, _ reply: [UInt8]) {
        if let known = answers[key.id] {
            // Two connections with one id: the greater number counts.
            guard key.sequence >= known.sequence else { return }
            bytes -= known.reply.count + key.id.count
        }
        stamp += 1
        bytes += reply.count + key.id.count
        answers[key.id] = Answer(sequence: key.sequence, reply: reply, stamp: stamp)
        ages.append((key.id, stamp))
        while answers.count > maxSessions || bytes > maxBytes { forgetOldest() }
        if ages.count > 2 * answers.count + Self.slack { dropStale() }
    }

    private static let slack = 64

    private mutating func forgetOldest() {
        let oldest = ages[firstAge]
        firstAge += 1
        guard let answer = answers[oldest.id], answer.stamp == oldest.stamp else { return }
        answers[oldest.id] = nil
        bytes -= answer.reply.count + oldest.id.count
    }

    private mutating func dropStale() {
        ages.removeFirst(firstAge)
        firstAge = 0
        let answers = answers
        ages.removeAll { answers[$0.id]?.stamp != $0.stamp }
    }
}
