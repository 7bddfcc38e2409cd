import TachoCodec
import TachoGeo
import TachoStore

/// A stretch of time and some rectangles: what tails are looked through for.
struct TailQuestion: Sendable {
    var boxes: [CoarseBox]
    var fromMs: Int64
    var toMs: Int64

    func asksFor(_ firstMs: Int64, _ lastMs: Int64) -> Bool {
        firstMs <= toMs && lastMs >= fromMs
    }

    func asksFor(latE7: Int32, lonE7: Int32) -> Bool {
        boxes.contains { $0.contains(latE7: latE7, lonE7: lonE7) }
    }
}

/// What is in no chunk of the database yet.
struct TailAnswer: Sendable {
    /// Riders whose open tails hold what is asked for.
    var riders: [UInt32]
    /// Of its time: to be looked through by who asks, not by the judge.
    var closed: [ClosedTail]

    /// Cost: 1 ns a fix of the closed tails, up to the first that is meant.
    func riders(_ question: TailQuestion) -> [UInt32] {
        riders
            + closed.filter { tail in
                tail.hasPosition(fromMs: question.fromMs, toMs: question.toMs) {
                    question.asksFor(latE7: $0, lonE7: $1)
                }
            }.map(\.key.rider)
    }
}

extension Shard {
    /// Which tails hold fixes of the time and in the rectangles asked for. Cost: 10 ns a rider, and
    /// 1 ns a fix where an open tail's own rectangle meets.
    mutating func answer(_ question: TailQuestion) -> TailAnswer {
        // What is written is found in the database; while nothing comes in nobody else sweeps.
        pending.sweep(now: true)
        var found: [UInt32] = []
        for place in 0..<slots.count {
            slots.prefetch(place + Self.questionAhead, withMotion: false)
            let slot = slots[place]
            guard slot.pointee.hasNewest else { continue }
            if mainHolds(slot, question) || lateHolds(slot, question) {
                found.append(UInt32(place * count + index))
            }
        }
        var closed: [ClosedTail] = []
        pending.forEachTail { tail in
            if question.asksFor(tail.firstMs, tail.lastMs) { closed.append(tail) }
        }
        return TailAnswer(riders: found, closed: closed)
    }

    private static let questionAhead = 12

    private func mainHolds(
        _ slot: UnsafeMutablePointer<Slot>, _ question: TailQuestion
    ) -> Bool {
        guard slot.pointee.main.count > 0,
            question.asksFor(slot.pointee.main.firstTsMs, slot.pointee.mainNewestMs),
            question.boxes.contains(where: { $0.meets(slot.pointee.mainBounds) })
        else { return false }
        return Self.holds(slot.pointee.main, question)
    }

    private func lateHolds(
        _ slot: UnsafeMutablePointer<Slot>, _ question: TailQuestion
    ) -> Bool {
        // Empty or older: most.
        guard slot.pointee.lateNewestMs != Int64.min,
            slot.pointee.lateNewestMs >= question.fromMs
        else { return false }
        return Self.holds(slot.pointee.late, question)
    }

    private static func holds(_ tail: Tail, _ question: TailQuestion) -> Bool {
        (0..<Int(tail.count)).contains { index in
            let tsMs = tail.tsMs(index)
            guard tsMs >= question.fromMs && tsMs <= question.toMs else { return false }
            let (latE7, lonE7) = tail.position(index)
            return question.asksFor(latE7: latE7, lonE7: lonE7)
        }
    }
}
