import Foundation
import TachoGeo
import TachoIngest
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@testable import TachoExplain

struct PictureTests {
    @Test func `the circle of reach, the leg and the scale bar have one scale`() throws {
        let track = judged(ride(0...4) + [fix(5, north: 5_052, east: 800)] + ride(6...9))
        let explanation = explained(track, 5)
        let picture = try Drawing(explanation.svg)
        let leg = try #require(explanation.trace?.leg)

        let circle = try #require(picture.all("reach").first)
        let radius = try #require(circle.number("r"))
        let line = try #require(picture.all("leg").first)
        let dx = try #require(line.number("x2")) - (try #require(line.number("x1")))
        let dy = try #require(line.number("y2")) - (try #require(line.number("y1")))
        let length = (dx * dx + dy * dy).squareRoot()
        let scale = length / leg.distanceM
        #expect(abs(radius - leg.reachM * scale) < 0.02, "radius \(radius), scale \(scale)")
        // The leg begins where the circle has its centre.
        #expect(circle.number("cx") == line.number("x1"))
        #expect(circle.number("cy") == line.number("y1"))

        let bar = try #require(picture.all("scale").first?.attributes["d"])
        let numbers = bar.split { "MVH ".contains($0) }.compactMap { Double($0) }
        let metres = try #require(picture.text(of: "scale"))
        #expect(metres.hasSuffix(" km"))
        let barM = try #require(Double(metres.dropLast(3))) * 1_000
        #expect(abs((numbers[3] - numbers[0]) / barM - scale) < scale * 0.01)
    }

    @Test func `what the picture says can be read without anything else`() throws {
        let track = judged(ride(0...4) + [fix(5, north: 5_052)] + ride(6...9))
        let picture = try Drawing(explained(track, 5).svg)
        let texts = picture.elements.filter { $0.name == "text" }.map(\.text)
        #expect(texts.contains("r7 · 2026-01-01T12:03:05.000Z · hold:TELEPORT+SPIKE"))
        #expect(texts.contains("5,012 m in 1.0 s"))
        #expect(texts.contains("last trusted, 12:03:04.000Z"))
        #expect(texts.contains("believable: within 82 m"))
        #expect(texts.contains("12:03:05.000Z hold:TELEPORT+SPIKE"))
        #expect(texts.contains("circle of reach"))
        #expect(texts.contains("N"))
        let sentence = texts.filter { !$0.isEmpty }.joined(separator: " ")
        #expect(sentence.contains("Held as an impossible jump (TELEPORT): 5,012 m in 1.0 s"))
        #expect(picture.all("track").count == 1)
        #expect(picture.all("subject").count == 1)
    }

    @Test func `labels lie inside the map and not over each other`() throws {
        let track = judged(ride(0...4) + [fix(5, north: 5_052)] + ride(6...9))
        let picture = try Drawing(explained(track, 5).svg)
        let boxes = picture.all("label").map { label in
            Box(
                x: label.number("x") ?? -1, y: (label.number("y") ?? -1) - 13,
                width: LabelPlacer.width(label.text, size: 13), height: 13 * 1.3)
        }
        #expect(boxes.count == 6)
        let paper = Box(x: 0, y: 0, width: Picture.width, height: Picture.height)
        for (index, box) in boxes.enumerated() {
            #expect(paper.contains(box))
            for other in boxes[(index + 1)...] { #expect(box.overlap(other) == 0) }
        }
    }

    @Test func `a fix that nothing is compared with is drawn without a circle`() throws {
        var track = judged(ride(0...4))
        track[4].current = codes("MOCK_FLAG", effect: .quarantine)
        let picture = try Drawing(explained(track, 4).svg)
        #expect(picture.all("reach").isEmpty)
        #expect(picture.all("leg").isEmpty)
        #expect(picture.all("subject").count == 1)
        #expect(picture.all("fix").count == 4)
    }

    @Test func `the track is drawn though the fix lies apart, but not from another continent`()
        throws
    {
        for (north, seen) in [(1_300.0, 5), (5_000_000, 0)] {
            let fixes = ride(0...4) + [fix(5, north: north, source: .mock)]
            let track = judged(fixes)
            #expect(track[5].current.text == "quarantine:MOCK_FLAG")
            let picture = try Drawing(explained(track, 5).svg)
            #expect(picture.all("fix").count == seen, "\(north) m apart")
        }
    }

    @Test func `names with markup make no markup`() throws {
        let name = "<b a=\"1\">&\u{FFFE}]]> 가"
        let track = judged(ride(0...4))
        let explanation = Explanation(makeCase(track, 3, rider: name))
        let picture = try Drawing(explanation.svg)
        #expect(
            picture.elements.first { $0.name == "title" }?.text.hasPrefix("<b a=\"1\">&") == true)
        #expect(picture.all("b").isEmpty)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `any track makes a document with finite numbers`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixes: [Fix] = []
        for second in 0..<40 {
            let size = [5.0, 300, 20_000, 4_000_000].randomElement(using: &random)!
            var one = fix(
                Double(second), north: Double.random(in: -size...size, using: &random),
                east: Double.random(in: -size...size, using: &random))
            if Int.random(in: 0..<12, using: &random) == 0 { one.latE7 = 899_999_999 }
            if Int.random(in: 0..<12, using: &random) == 0 { one.lonE7 = -1_799_999_999 }
            one.latE7 = min(max(one.latE7, -900_000_000), 900_000_000)
            fixes.append(one)
        }
        let track = judged(fixes)
        for index in track.indices {
            let bytes = explained(track, index).svg
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("nan") && !text.contains("inf"), "seed \(seed), fix \(index)")
            let picture = try Drawing(bytes)
            #expect(picture.elements.first?.name == "svg", "seed \(seed), fix \(index)")
            let subject = try #require(picture.all("subject").first)
            let spot = Spot(x: subject.number("cx") ?? -1, y: subject.number("cy") ?? -1)
            #expect(
                Box(x: 0, y: 0, width: 960, height: 720).contains(spot),
                "seed \(seed), fix \(index)")
        }
    }

    @Test func `scale bars have round lengths that fit`() {
        let frame = Box(x: 0, y: 0, width: 900, height: 500)
        for metres in [1.0, 37, 400, 9_999, 123_456, 9e6] {
            let places = [fix(0).coordinate, fix(0, north: min(metres, 5e6)).coordinate]
            let view = MapView(
                centre: places[0], places: places, circleM: nil, frame: frame)
            let bar = view.barM
            #expect(bar * view.scale <= 180)
            #expect(bar * view.scale > 180 / 2.6)
            var mantissa = bar
            while mantissa >= 9.99 { mantissa /= 10 }
            while mantissa < 0.999 { mantissa *= 10 }
            #expect([1.0, 2, 5].contains { abs($0 - mantissa) < 0.001 }, "\(bar)")
        }
    }
}

/// An SVG document as an XML parser reads it.
final class Drawing: NSObject, XMLParserDelegate {
    struct Element {
        var name: String
        var attributes: [String: String]
        var text = ""
        func number(_ key: String) -> Double? { attributes[key].flatMap { Double($0) } }
    }

    struct Broken: Error {}

    private(set) var elements: [Element] = []
    private var open: [Int] = []

    init(_ bytes: [UInt8]) throws {
        super.init()
        let parser = XMLParser(data: Data(bytes))
        parser.delegate = self
        guard parser.parse() else { throw Broken() }
    }

    func all(_ kind: String) -> [Element] { elements.filter { $0.attributes["class"] == kind } }

    func text(of kind: String) -> String? {
        elements.first { $0.attributes["class"] == kind && $0.name == "text" }?.text
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        open.append(elements.count)
        elements.append(Element(name: name, attributes: attributes))
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
        qualifiedName: String?
    ) {
        open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        if let last = open.last { elements[last].text += text }
    }
}
