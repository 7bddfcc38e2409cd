import TachoGeo

extension RulesReport {
    /// What `T.RULES TEST` and `RECOMPUTE` answer: one JSON object on one line.
    package var json: String {
        let codes = self.codes.keys.sorted().map { number -> String in
            let name = Code.names[Int(number)] ?? "CODE\(number)"
            let count = self.codes[number]!
            return "\"\(name)\":{\"added\":\(count.added),\"removed\":\(count.removed)}"
        }
        var text = "{\"revision\":\(revision),\"riders\":\(riders),\"riders_in_all\":\(ridersInAll)"
        text += ",\"fixes\":\(fixes),\"changed\":\(changed),\"riders_changed\":\(ridersChanged)"
        text += ",\"undecided\":\(undecided),\"codes\":{\(codes.joined(separator: ","))}"
        text += ",\"examples\":[\(examples.map(Self.json).joined(separator: ","))]"
        text += ",\"next\":\(next.map { String($0) } ?? "null")}"
        return text
    }

    private static func json(_ one: RiderExamples) -> String {
        let fixes = one.fixes.map { fix in
            "{\"ts_ms\":\(fix.tsMs),\"before\":\"\(fix.before)\",\"after\":\"\(fix.after)\"}"
        }
        return "{\"rider\":\(quoted(one.rider)),\"changed\":\(one.changed)"
            + ",\"fixes\":[\(fixes.joined(separator: ","))]}"
    }

    /// A rider's name has no control characters.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            if character == "\"" || character == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}
