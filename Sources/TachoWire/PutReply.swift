package import TachoGeo

/// What T.PUT answers: `[[stored, duplicate, conflict, late, flagged, malformed, field_dropped],
/// [index, mask, …]]`, a mask for every fix that is not 0.
package struct PutReply: Equatable, Sendable {
    package var stored = 0
    package var duplicate = 0
    package var conflict = 0
    package var late = 0
    package var flagged = 0
    package var malformed = 0
    package var fieldDropped = 0
    /// By index, ascending.
    package var exceptions: [Exception] = []

    package struct Exception: Equatable, Sendable {
        package var index: Int
        package var mask: ReplyMask

        package init(index: Int, mask: ReplyMask) {
            self.index = index
            self.mask = mask
        }
    }

    package init() {}

    /// Fixes of the batch.
    package var count: Int { stored + duplicate + malformed }

    /// nil if the reply is no answer to T.PUT. Counts behind the seventh are left to later
    /// versions.
    package init?(_ reply: Reply) {
        guard let parts = reply.elements, parts.count == 2,
            let counts = parts[0].elements?.compactMap(\.integer), counts.count >= 7,
            counts.allSatisfy({ (0...Int64(Int32.max)).contains($0) }),
            let pairs = parts[1].elements?.compactMap(\.integer),
            pairs.count == parts[1].elements?.count, pairs.count % 2 == 0
        else { return nil }
        stored = Int(counts[0])
        duplicate = Int(counts[1])
        conflict = Int(counts[2])
        late = Int(counts[3])
        flagged = Int(counts[4])
        malformed = Int(counts[5])
        fieldDropped = Int(counts[6])
        var last = -1
        for at in stride(from: 0, to: pairs.count, by: 2) {
            guard let index = Int(exactly: pairs[at]), index > last, index < count,
                let mask = UInt8(exactly: pairs[at + 1]), mask != 0
            else { return nil }
            last = index
            exceptions.append(Exception(index: index, mask: ReplyMask(rawValue: mask)))
        }
    }

    /// A mask for every fix, in order.
    package var masks: [ReplyMask] {
        var masks = [ReplyMask](repeating: .stored, count: count)
        for exception in exceptions { masks[exception.index] = exception.mask }
        return masks
    }
}

extension ReplyWriter {
    /// The answer to one T.PUT. Cost: one pass over the masks, a second only if one is not 0.
    package mutating func put(_ masks: ArraySlice<ReplyMask>) {
        let exceptions = masks.reduce(into: 0) { $0 += $1.rawValue == 0 ? 0 : 1 }
        var reply = PutReply()
        reply.stored = masks.count
        if exceptions > 0 { for mask in masks { reply.count(mask) } }
        array(2)
        array(7)
        for count in [
            reply.stored, reply.duplicate, reply.conflict, reply.late, reply.flagged,
            reply.malformed, reply.fieldDropped,
        ] { integer(Int64(count)) }
        array(exceptions * 2)
        guard exceptions > 0 else { return }
        for (index, mask) in masks.enumerated() where mask.rawValue != 0 {
            integer(Int64(index))
            integer(Int64(mask.rawValue))
        }
    }
}

extension PutReply {
    /// Takes one mask out of the stored ones, if it is not.
    fileprivate mutating func count(_ mask: ReplyMask) {
        if mask.contains(.duplicate) { duplicate += 1 }
        if mask.contains(.malformed) { malformed += 1 }
        if !mask.isDisjoint(with: [.duplicate, .malformed]) { stored -= 1 }
        if mask.contains(.conflict) { conflict += 1 }
        if mask.contains(.late) { late += 1 }
        if mask.contains(.flagged) { flagged += 1 }
        if mask.contains(.fieldDropped) { fieldDropped += 1 }
    }
}
