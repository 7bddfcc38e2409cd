package import TachoGeo

/// What an import did, in fixes. `read` = `stored` + `duplicate` + `malformed`; the others overlap.
package struct ImportSummary: Equatable, Sendable {
    package private(set) var stored = 0
    package private(set) var duplicate = 0
    package private(set) var conflict = 0
    package private(set) var late = 0
    package private(set) var flagged = 0
    package private(set) var malformed = 0
    package private(set) var fieldDropped = 0
    /// Fixes stored with a time beyond their receipt, and the first few of them.
    package private(set) var future = 0
    package private(set) var firstFuture: [OddTime] = []
    /// Fixes stored with a time before 2000, and the first few of them.
    package private(set) var past = 0
    package private(set) var firstPast: [OddTime] = []

    package struct OddTime: Equatable, Sendable {
        package let rider: String
        package let tsMs: Int64
    }

    /// How many odd times are named one by one.
    package static let namedLimit = 5
    /// 2000-01-01T00:00:00Z: earlier times are TS_PAST.
    package static let pastLimitMs: Int64 = 946_684_800_000

    package init() {}

    package var read: Int { stored + duplicate + malformed }

    package mutating func addMalformed() { malformed += 1 }

    /// Counts the answers to one batch; `masks` has one mask for each entry.
    package mutating func add(_ batch: FixBatch, masks: [ReplyMask]) {
        precondition(batch.count == masks.count, "\(masks.count) masks for \(batch.count) fixes")
        for (entry, mask) in zip(batch.entries, masks) {
            if mask.contains(.malformed) {
                malformed += 1
                continue
            }
            if mask.contains(.duplicate) {
                duplicate += 1
                continue
            }
            stored += 1
            if mask.contains(.conflict) { conflict += 1 }
            if mask.contains(.late) { late += 1 }
            if mask.contains(.flagged) { flagged += 1 }
            if mask.contains(.fieldDropped) || entry.fieldDropped { fieldDropped += 1 }
            if mask.contains(.clock) { addOddTime(entry, in: batch) }
        }
    }

    private mutating func addOddTime(_ entry: BatchEntry, in batch: FixBatch) {
        let tsMs = entry.fix.tsMs
        let start = Int(entry.nameStart)
        func named() -> OddTime {
            let name = batch.names[start..<start + Int(entry.nameCount)]
            return OddTime(rider: String(decoding: name, as: UTF8.self), tsMs: tsMs)
        }
        if tsMs < Self.pastLimitMs {
            past += 1
            if firstPast.count < Self.namedLimit { firstPast.append(named()) }
        } else {
            future += 1
            if firstFuture.count < Self.namedLimit { firstFuture.append(named()) }
        }
    }

    /// The last line of `tacho import --json`.
    package func json(seconds: Double) -> [UInt8] {
        var object = JSONObject()
        object.add("read", integer: Int64(read))
        object.add("stored", integer: Int64(stored))
        object.add("duplicate", integer: Int64(duplicate))
        object.add("conflict", integer: Int64(conflict))
        object.add("late", integer: Int64(late))
        object.add("flagged", integer: Int64(flagged))
        object.add("malformed", integer: Int64(malformed))
        object.add("field_dropped", integer: Int64(fieldDropped))
        object.add(
            "seconds", decimal: Int64((seconds * 1000).rounded()), decimals: 3, trimmed: true)
        return object.finished()
    }

    /// Lines that name fixes whose time cannot be right. Empty when there are none.
    package var notes: [String] {
        var lines: [String] = []
        if future > 0 {
            lines.append(
                Self.note(
                    "\(future) in the future (stored, kept out of latest: TS_FUTURE)", firstFuture,
                    future))
        }
        if past > 0 {
            lines.append(
                Self.note(
                    "\(past) before the year 2000 (stored, kept out of latest: TS_PAST)",
                    firstPast, past))
        }
        return lines
    }

    private static func note(_ start: String, _ named: [OddTime], _ count: Int) -> String {
        let names = named.map { "\($0.rider) at \(Instant.text(ms: $0.tsMs))" }
        let more = count > named.count ? " and \(count - named.count) more" : ""
        return start + ": " + names.joined(separator: ", ") + more
    }

    /// The summary for people, without the notes.
    package func text(seconds: Double) -> String {
        let rate = seconds > 0 ? Int(Double(read) / seconds) : 0
        let shown = (seconds * 100).rounded() / 100
        return "read \(read): stored \(stored), duplicate \(duplicate), malformed \(malformed)\n"
            + "of those stored: conflict \(conflict), late \(late), flagged \(flagged),"
            + " field dropped \(fieldDropped)\n"
            + "\(shown) s, \(rate) fixes/s"
    }
}
