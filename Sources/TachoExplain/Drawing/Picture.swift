import TachoGeo
import TachoIngest

extension Explanation {
    /// The piece of track around the fix, what was believable, and the leg in question, as an SVG
    /// document (1.1, UTF-8) that stands alone: 960 × 720 px, north up, one scale.
    package var svg: [UInt8] {
        var picture = Picture(self)
        picture.draw()
        return picture.out.bytes
    }
}

/// Draws an explanation. Colours are those of Okabe and Ito, which people who do not see all
/// colours can tell apart; every mark differs by shape too.
struct Picture {
    let explanation: Explanation
    let view: MapView
    let lines: [String]
    var out = SVGText()
    var labels: LabelPlacer
    /// Labels of the ends of the track, drawn after the others.
    var ends: [(text: String, spot: Spot, away: Spot)] = []

    static let width = 960.0
    static let height = 720.0
    static let ink = "#222222"
    static let quiet = "#5f6368"
    static let blue = "#0072b2"
    static let red = "#d55e00"
    static let green = "#009e73"
    static let size = 13.0
    private static let legendHeight = 84.0
    /// Characters of the sentence on a line.
    private static let lineLength = 126
    /// Between a fix that was compared with nothing and the track that is drawn with it, m.
    private static let farthestM = 100_000.0
    /// Fixes drawn before and after the one explained.
    private static let neighbours = 24

    init(_ explanation: Explanation) {
        self.explanation = explanation
        lines = Self.wrapped(explanation.sentence, at: Self.lineLength)
        let top = 52 + Double(lines.count) * 18
        let frame = Box(
            x: 16, y: top, width: Self.width - 32,
            height: Self.height - top - Self.legendHeight - 16)
        let subject = explanation.subject.stored.fix
        var places = [subject.coordinate]
        if let anchor = explanation.trace?.anchor { places.append(anchor.coordinate) }
        if let first = explanation.first { places.append(first.coordinate) }
        // Without an anchor the track is found by the fix before, unless that is worlds away.
        if explanation.reach == nil, let previous = explanation.previous?.coordinate,
            Distance.onSphere(subject.coordinate, previous) < Self.farthestM
        {
            places.append(previous)
        }
        let centre = explanation.reach?.centre ?? subject.coordinate
        let far = places.reduce(0) { max($0, Distance.onSphere(centre, $1)) }
        let within = 1.6 * max(far, min(explanation.reach?.radiusM ?? 0, 4 * far), 60)
        places += explanation.around(Self.neighbours).map(\.fix.coordinate).filter {
            Distance.onSphere(centre, $0) <= within
        }
        view = MapView(
            centre: centre, places: places, circleM: explanation.reach?.radiusM, frame: frame)
        // Where the scale bar and the arrow stand.
        labels = LabelPlacer(
            frame: frame,
            taken: [
                Box(x: frame.x, y: frame.bottom - 48, width: frame.width / 4, height: 48),
                Box(x: frame.right - 44, y: frame.y, width: 44, height: 64),
            ])
    }

    mutating func draw() {
        let (width, height) = (SVGText.px(Self.width), SVGText.px(Self.height))
        out.open(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height,
                "viewBox": "0 0 \(width) \(height)", "role": "img",
                "fill": Self.ink, "font-family": "Helvetica, Arial, 'Noto Sans', sans-serif",
                "font-size": "13",
            ])
        out.element("title", [:], text: heading)
        out.element("desc", [:], text: explanation.sentence)
        out.open("defs", [:])
        out.open("clipPath", ["id": "map"])
        rectangle(view.frame, [:])
        out.close("clipPath")
        out.close("defs")
        out.element(
            "rect", ["width": width, "height": height, "fill": "#ffffff", "class": "paper"])
        drawHeading()
        rectangle(view.frame, ["fill": "#f6f7f8", "stroke": "#c4c7ca"])
        out.open("g", ["clip-path": "url(#map)"])
        drawMap()
        out.close("g")
        drawScaleBar()
        drawArrow()
        drawLegend()
        out.close("svg")
    }

    private var heading: String {
        let stored = explanation.subject.stored
        return "\(explanation.subject.rider) · \(UTCTime.text(ms: stored.fix.tsMs)) · "
            + explanation.subject.current.text
    }

    private mutating func drawHeading() {
        text(heading, at: Spot(x: 16, y: 28), ["font-size": "17", "font-weight": "bold"])
        for (number, line) in lines.enumerated() {
            text(line, at: Spot(x: 16, y: 50 + Double(number) * 18), ["class": "sentence"])
        }
    }

    private mutating func rectangle(_ box: Box, _ attributes: SVGText.Attributes) {
        out.element(
            "rect",
            [
                "x": SVGText.px(box.x), "y": SVGText.px(box.y),
                "width": SVGText.px(box.width), "height": SVGText.px(box.height),
            ] + attributes)
    }

    mutating func text(_ text: String, at spot: Spot, _ attributes: SVGText.Attributes) {
        out.element(
            "text", ["x": SVGText.px(spot.x), "y": SVGText.px(spot.y)] + attributes, text: text)
    }

    /// Lines of at most `limit` characters, broken between words.
    static func wrapped(_ text: String, at limit: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= limit {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}

extension Explanation {
    /// The fixes next to the one explained, itself included.
    func around(_ count: Int) -> ArraySlice<CaseFix> {
        let track = subject.track
        let at =
            track.firstIndex {
                $0.fix.tsMs == subject.stored.fix.tsMs && $0.ordinal == subject.ordinal
            } ?? 0
        return track[max(0, at - count)..<min(track.count, at + count + 1)]
    }
}
