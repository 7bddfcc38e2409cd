import TachoGeo
import TachoIngest

extension Picture {
    /// A bar of a round length, at the lower left of the map.
    mutating func drawScaleBar() {
        let length = view.barM * view.scale
        let (x, y) = (view.frame.x + 16, view.frame.bottom - 16)
        let path =
            "M\(SVGText.px(x)) \(SVGText.px(y - 5))V\(SVGText.px(y))H\(SVGText.px(x + length))"
            + "V\(SVGText.px(y - 5))"
        out.element(
            "path",
            [
                "class": "scale", "d": path, "fill": "none", "stroke": Self.ink,
                "stroke-width": "1.5",
            ])
        text(barText, at: Spot(x: x + 4, y: y - 9), ["class": "scale"])
    }

    private var barText: String {
        view.barM < 1_000
            ? Wording.number(view.barM) + " m" : Wording.number(view.barM / 1_000) + " km"
    }

    /// North is up.
    mutating func drawArrow() {
        let (x, y) = (view.frame.right - 22, view.frame.y + 14)
        let path =
            "M\(SVGText.px(x)) \(SVGText.px(y))L\(SVGText.px(x + 6)) \(SVGText.px(y + 16))"
            + "H\(SVGText.px(x - 6))Z"
        out.element("path", ["d": path, "fill": Self.ink])
        text("N", at: Spot(x: x, y: y + 32), ["text-anchor": "middle"])
    }

    /// Every mark of the map with its meaning, and what the picture rests on.
    mutating func drawLegend() {
        var y = view.frame.bottom + 26
        var x = view.frame.x + 8
        entry(&x, y, "the fix in question") { $0.drawSubject($1, [:]) }
        if explanation.reach != nil {
            let anchor =
                explanation.trace?.anchor == nil
                ? "first of this time" : "last trusted position"
            entry(&x, y, anchor) { $0.diamond($1, 7, Self.blue) }
            entry(&x, y, "circle of reach") { picture, spot in
                picture.out.element(
                    "circle",
                    [
                        "cx": SVGText.px(spot.x), "cy": SVGText.px(spot.y), "r": "8",
                        "fill": Self.blue, "fill-opacity": "0.10", "stroke": Self.blue,
                    ])
            }
            entry(&x, y, "way in question") { picture, spot in
                picture.line(spot, picture.colour, ["stroke-dasharray": "6 4"])
            }
        }
        if explanation.reach != nil { (x, y) = (view.frame.x + 8, y + 22) }
        entry(&x, y, "accepted and flagged fixes in order of time") { picture, spot in
            picture.line(spot, Self.quiet, [:])
            picture.out.element(
                "circle",
                [
                    "cx": SVGText.px(spot.x), "cy": SVGText.px(spot.y), "r": "3",
                    "fill": Self.quiet,
                ])
        }
        entry(&x, y, "held or set aside") { $0.cross($1, 4, Self.quiet) }
        text(
            "Rule set \(explanation.ruleSet), thresholds \(explanation.thresholdsText). "
                + "All times are UTC. North is up"
                + (explanation.reach == nil ? "." : "; distances from the diamond are to scale."),
            at: Spot(x: view.frame.x, y: Self.height - 16), ["font-size": "11", "fill": Self.quiet])
    }

    /// One mark and its meaning; moves on behind it.
    private mutating func entry(
        _ x: inout Double, _ y: Double, _ meaning: String,
        _ mark: (inout Picture, Spot) -> Void
    ) {
        mark(&self, Spot(x: x + 8, y: y - 4))
        text(meaning, at: Spot(x: x + 24, y: y), ["class": "legend", "font-size": "12"])
        x += 24 + LabelPlacer.width(meaning, size: 12) + 16
    }

    private mutating func line(
        _ spot: Spot, _ colour: String, _ attributes: SVGText.Attributes
    ) {
        out.element(
            "line",
            [
                "x1": SVGText.px(spot.x - 10), "y1": SVGText.px(spot.y),
                "x2": SVGText.px(spot.x + 10), "y2": SVGText.px(spot.y), "stroke": colour,
                "stroke-width": "2",
            ] + attributes)
    }
}
