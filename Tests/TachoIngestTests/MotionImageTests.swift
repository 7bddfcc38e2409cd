import FormatSpec
import Foundation
import TachoGeo
import Testing

@testable import TachoIngest

/// What the rules about motion remember, against the table in `format-spec.md` §6.
struct MotionImageTests {
    /// Sets every field to a number of its own.
    private struct Numbering: StateVisitor {
        var next: UInt64 = 1
        mutating func visit<Value: StateValue>(_ value: inout Value) {
            value = Value(bits: Value.self == Bool.self ? 1 : next)
            next += 1
        }
    }

    private struct Widths: StateVisitor {
        var names: [String] = []
        mutating func visit<Value: StateValue>(_ value: inout Value) {
            let isFloat = Value.self == Float.self
            let isSigned = Value.self == Int32.self || Value.self == Int64.self
            names.append((isFloat ? "f" : isSigned ? "i" : "u") + "\(Value.byteCount * 8)")
        }
    }

    private func numbered() -> Motion {
        var motion = Motion()
        var numbering = Numbering()
        motion.visitFields(&numbering)
        return motion
    }

    /// Paths of stored properties in the order they are declared, with their values.
    private func leaves(_ value: Any, _ path: String) -> [(path: String, value: Any)] {
        // Two fields of the page, one vector in memory.
        if let direction = value as? Direction {
            return [("\(path).east", direction.east), ("\(path).north", direction.north)]
        }
        let children = Mirror(reflecting: value).children
        if children.isEmpty { return [(path, value)] }
        return children.flatMap { child in
            leaves(child.value, path.isEmpty ? child.label! : "\(path).\(child.label!)")
        }
    }

    private func table() throws -> [(name: String, type: String)] {
        let page = try SpecPage.wholeText()
        let lines = page.components(separatedBy: "\n")
        let start = try #require(lines.firstIndex(of: "| field | type |"))
        return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { line in
            let parts = line.components(separatedBy: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            return (parts[1], parts[2])
        }
    }

    @Test func `the page lists every field that is remembered, in order`() throws {
        let rows = try table()
        var fields = leaves(numbered(), "")
        // Came with versions 3 and 4 of a slot: behind those of version 2, wherever declared.
        for path in [
            "evenSpeed.same", "isSuddenlyFast", "hasHeldDebt", "heldInRow",
            "headingMismatch.turnedSlowly", "altitude.isLost", "flicker.lastM",
        ] {
            fields.append(fields.remove(at: fields.firstIndex { $0.path == path }!))
        }
        #expect(rows.map(\.name) == fields.map(\.path))
        var widths = Widths()
        var motion = Motion()
        motion.visitFields(&widths)
        #expect(rows.map(\.type) == widths.names)
        #expect(Motion.fieldCount == rows.count)
        // Written in the order they are declared: none twice, none forgotten.
        for (index, field) in fields.enumerated() {
            let bits = (field.value as! any StateValue).bits
            #expect(bits == (field.value is Bool ? 1 : UInt64(index + 1)), "\(field.path)")
        }
    }

    @Test func `an image reads back and is short where nothing is remembered`() throws {
        let motion = numbered()
        #expect(Motion(image: motion.image) == motion)
        #expect(Motion(image: Motion().image) == Motion())
        #expect(Motion().image.count < 64)
    }

    /// Sets the fields behind so many to 0.
    private struct Cutting: StateVisitor {
        let fields: Int
        var count = 0
        mutating func visit<Value: StateValue>(_ value: inout Value) {
            if count >= fields { value = Value(bits: 0) }
            count += 1
        }
    }

    @Test(arguments: Motion.fieldCountsBefore)
    func `an image of an earlier version is read without the fields that came later`(
        fields: Int
    ) {
        var motion = numbered()
        var cutting = Cutting(fields: fields)
        motion.visitFields(&cutting)
        // As a program wrote it that knew no more fields: without bitmap bytes for later ones.
        var image = motion.image
        image.removeSubrange((fields + 7) / 8..<(Motion.fieldCount + 7) / 8)
        #expect(Motion(image: image, fields: fields) == motion)
        #expect(motion != numbered())
        let sameBitmap = (fields + 7) / 8 == (Motion.fieldCount + 7) / 8
        #expect(sameBitmap || Motion(image: image) == nil)
    }

    @Test func `an image cut anywhere, too long, or with numbers that are none is refused`() {
        let image = numbered().image
        for count in 0..<image.count { #expect(Motion(image: Array(image[..<count])) == nil) }
        #expect(Motion(image: image + [0]) == nil)
        var bits = image
        bits[(Motion.fieldCount - 1) / 8] |= 0x80
        #expect(Motion.fieldCount % 8 == 0 || Motion(image: bits) == nil)
        var motion = Motion()
        motion.eastM = .nan
        #expect(Motion(image: motion.image) == nil)
    }
}
