import TachoCodec
import TachoGeo

/// Pages of a replay taken together.
package struct RulesSummary: Equatable {
    struct Count: Equatable {
        var added: Int64
        var removed: Int64
    }

    struct Example: Equatable {
        var tsMs: Int64
        var before: String
        var after: String
    }

    struct RiderExamples: Equatable {
        var rider: String
        var changed: Int64
        var fixes: [Example]
    }

    var revision: Int64 = 0
    var riders: Int64 = 0
    var ridersInAll: Int64 = 0
    var fixes: Int64 = 0
    var changed: Int64 = 0
    var ridersChanged: Int64 = 0
    var undecided: Int64 = 0
    /// In the order of the first page that has the code.
    var codes: [(name: String, count: Count)] = []
    var examples: [RiderExamples] = []

    /// Riders of which examples are shown.
    private static let mostExamples = 20

    package static func == (a: RulesSummary, b: RulesSummary) -> Bool { a.json() == b.json() }

    /// Adds a page; gives where the next one starts, nil: this was the last. Throws nothing but
    /// returns false if the text is not what is expected.
    mutating func add(_ page: JSONValue) -> (isUnderstood: Bool, next: Int64?) {
        guard let revision = page["revision"]?.integer, let riders = page["riders"]?.integer,
            let inAll = page["riders_in_all"]?.integer, let fixes = page["fixes"]?.integer,
            let changed = page["changed"]?.integer,
            let ridersChanged = page["riders_changed"]?.integer,
            let undecided = page["undecided"]?.integer, let codes = page["codes"]?.members,
            let examples = page["examples"]?.elements, let next = page["next"]
        else { return (false, nil) }
        self.revision = revision
        ridersInAll = inAll
        self.riders += riders
        self.fixes += fixes
        self.changed += changed
        self.ridersChanged += ridersChanged
        self.undecided += undecided
        for code in codes {
            guard let added = code.value["added"]?.integer,
                let removed = code.value["removed"]?.integer
            else { return (false, nil) }
            add(code.key, added, removed)
        }
        for example in examples where self.examples.count < Self.mostExamples {
            guard let one = Self.example(example) else { return (false, nil) }
            self.examples.append(one)
        }
        return (true, next.integer)
    }

    private mutating func add(_ name: String, _ added: Int64, _ removed: Int64) {
        if let at = codes.firstIndex(where: { $0.name == name }) {
            codes[at].count.added += added
            codes[at].count.removed += removed
        } else {
            codes.append((name, Count(added: added, removed: removed)))
        }
    }

    private static func example(_ value: JSONValue) -> RiderExamples? {
        guard let rider = value["rider"]?.text, let changed = value["changed"]?.integer,
            let list = value["fixes"]?.elements
        else { return nil }
        let fixes = list.compactMap { fix -> Example? in
            guard let tsMs = fix["ts_ms"]?.integer, let before = fix["before"]?.text,
                let after = fix["after"]?.text
            else { return nil }
            return Example(tsMs: tsMs, before: before, after: after)
        }
        return fixes.count == list.count
            ? RiderExamples(rider: rider, changed: changed, fixes: fixes) : nil
    }
}

extension RulesSummary {
    /// One object on one line, keys as `T.RULES TEST` has them.
    func json() -> [UInt8] {
        var object = JSONObject()
        object.add("revision", integer: revision)
        object.add("riders", integer: riders)
        object.add("fixes", integer: fixes)
        object.add("changed", integer: changed)
        object.add("riders_changed", integer: ridersChanged)
        object.add("undecided", integer: undecided)
        var counts = JSONObject()
        for (name, count) in codes {
            var one = JSONObject()
            one.add("added", integer: count.added)
            one.add("removed", integer: count.removed)
            counts.add(name, json: one.finished())
        }
        object.add("codes", json: counts.finished())
        object.add("examples", json: Self.array(examples.map(Self.json)))
        return object.finished()
    }

    private static func json(_ one: RiderExamples) -> [UInt8] {
        var object = JSONObject()
        object.add("rider", string: one.rider)
        object.add("changed", integer: one.changed)
        let fixes = one.fixes.map { fix in
            var object = JSONObject()
            object.add("ts_ms", integer: fix.tsMs)
            object.add("before", string: fix.before)
            object.add("after", string: fix.after)
            return object.finished()
        }
        object.add("fixes", json: array(fixes))
        return object.finished()
    }

    private static func array(_ elements: [[UInt8]]) -> [UInt8] {
        [UInt8(ascii: "[")] + Array(elements.joined(separator: [UInt8(ascii: ",")]))
            + [UInt8(ascii: "]")]
    }

    /// For people; `isTest` false: it was done.
    func lines(isTest: Bool) -> [String] {
        var lines: [String] = []
        let set = isTest ? "a test of what would be revision \(revision)" : "revision \(revision)"
        lines.append("\(set): \(fixes) fixes of \(riders) riders")
        lines.append(
            "\(changed) verdicts of \(ridersChanged) riders \(isTest ? "would change" : "changed")"
                + (undecided > 0 ? ", \(undecided) are still open" : ""))
        let width = codes.map(\.name.count).max() ?? 0
        for (name, count) in codes {
            let gap = String(repeating: " ", count: width - name.count)
            lines.append("  \(name)\(gap)  +\(count.added) -\(count.removed)")
        }
        for one in examples {
            lines.append("\(one.rider): \(one.changed)")
            for fix in one.fixes {
                lines.append("  \(Instant.text(ms: fix.tsMs))  \(fix.before) -> \(fix.after)")
            }
        }
        return lines
    }
}
