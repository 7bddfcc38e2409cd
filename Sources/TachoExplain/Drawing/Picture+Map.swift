import TachoGeo
import TachoIngest

extension Picture {
    /// What lies below first: reach, track, leg, marks, labels.
    mutating func drawMap() {
        let subject = view.spot(explanation.subject.stored.fix.coordinate)
        labels.avoid(subject, radius: 8)
        drawReach()
        drawTrack()
        drawLeg(to: subject)
        drawMarks(subject)
    }

    private mutating func drawReach() {
        guard let reach = explanation.reach else { return }
        let centre = view.spot(reach.centre)
        let radius = reach.radiusM * view.scale
        out.element(
            "circle",
            [
                "class": "reach", "cx": SVGText.px(centre.x), "cy": SVGText.px(centre.y),
                "r": SVGText.px(radius), "fill": Self.blue, "fill-opacity": "0.10",
                "stroke": Self.blue, "stroke-width": "1.5",
            ])
    }

    /// Accepted and flagged fixes joined in order of time; held and quarantined ones beside.
    private mutating func drawTrack() {
        let around = explanation.around(24)
        let shown = around.filter { $0.current.isShown && $0.ordinal == 0 }
        let points = shown.map { fix in
            let spot = view.spot(fix.fix.coordinate)
            return "\(SVGText.px(spot.x)),\(SVGText.px(spot.y))"
        }
        if points.count > 1 {
            out.element(
                "polyline",
                [
                    "class": "track", "points": points.joined(separator: " "), "fill": "none",
                    "stroke": Self.quiet, "stroke-width": "1.5", "stroke-opacity": "0.7",
                ])
        }
        for one in around {
            if one.fix.tsMs == explanation.subject.stored.fix.tsMs
                && one.ordinal == explanation.subject.ordinal
            {
                continue
            }
            let spot = view.spot(one.fix.coordinate)
            guard view.frame.contains(spot) else { continue }
            if one.current.isShown {
                out.element(
                    "circle",
                    [
                        "class": "fix", "cx": SVGText.px(spot.x), "cy": SVGText.px(spot.y),
                        "r": "3", "fill": Self.quiet,
                    ])
            } else {
                cross(spot, 4, Self.quiet)
            }
            labels.avoid(spot, radius: 3)
        }
        drawEnds(shown.map(\.fix))
    }

    /// The times of the first and the last fix of the track that can be seen.
    private mutating func drawEnds(_ shown: [Fix]) {
        let time = explanation.subject.stored.fix.tsMs
        let seen = shown.filter { view.frame.contains(view.spot($0.coordinate)) }
        guard seen.count > 2, let first = seen.first, let last = seen.last else { return }
        for (fix, next) in [(first, seen[1]), (last, seen[seen.count - 2])]
        where fix.tsMs != time {
            let (spot, beside) = (view.spot(fix.coordinate), view.spot(next.coordinate))
            ends.append(
                (
                    UTCTime.text(ms: fix.tsMs, beside: time), spot,
                    Spot(x: spot.x - beside.x, y: spot.y - beside.y)
                ))
        }
    }

    private mutating func drawLeg(to subject: Spot) {
        let from: Coordinate
        let distance: String
        if let trace = explanation.trace, let anchor = trace.anchor, let leg = trace.leg {
            from = anchor.coordinate
            distance = Wording.metres(leg.distanceM) + " in " + Wording.duration(ms: leg.dtMs)
        } else if let first = explanation.first {
            from = first.coordinate
            distance =
                Wording.metres(
                    Distance.onSphere(
                        first.coordinate, explanation.subject.stored.fix.coordinate))
                + " at one time"
        } else {
            return
        }
        let start = view.spot(from)
        out.element(
            "line",
            [
                "class": "leg", "x1": SVGText.px(start.x), "y1": SVGText.px(start.y),
                "x2": SVGText.px(subject.x), "y2": SVGText.px(subject.y), "stroke": colour,
                "stroke-width": "2.5", "stroke-dasharray": "8 5",
            ])
        labels.avoid(start, radius: 8)
        let middle = Spot(x: (start.x + subject.x) / 2, y: (start.y + subject.y) / 2)
        let side: Double = subject.y <= start.y ? 1 : -1
        let across = Spot(x: side * (start.y - subject.y), y: side * (subject.x - start.x))
        keepOff(from: start, to: subject)
        label(distance, at: middle, away: across, ["fill": colour, "font-weight": "bold"])
    }

    /// Labels stay off a line.
    private mutating func keepOff(from start: Spot, to end: Spot) {
        let (dx, dy) = (end.x - start.x, end.y - start.y)
        let steps = min(Int((dx * dx + dy * dy).squareRoot() / 16), 64)
        for step in stride(from: 1, to: steps, by: 1) {
            let share = Double(step) / Double(steps)
            labels.avoid(Spot(x: start.x + dx * share, y: start.y + dy * share), radius: 5)
        }
    }

    private mutating func drawMarks(_ subject: Spot) {
        let stored = explanation.subject.stored
        let reach = explanation.reach
        if let reach {
            let centre = view.spot(reach.centre)
            diamond(centre, 7, Self.blue)
            let away = Spot(x: centre.x - subject.x, y: centre.y - subject.y)
            label(anchorText, at: centre, away: away, ["fill": Self.blue])
            labelReach(reach.radiusM, centre, away)
        }
        drawSubject(subject, ["class": "subject"])
        let from = reach.map { view.spot($0.centre) } ?? Spot(x: subject.x - 1, y: subject.y)
        label(
            "\(UTCTime.timeOfDay(ms: stored.fix.tsMs)) \(explanation.subject.current.text)",
            at: subject, away: Spot(x: subject.x - from.x, y: subject.y - from.y),
            ["fill": colour, "font-weight": "bold"])
        // Last: where there is room left.
        for end in ends { label(end.text, at: end.spot, away: end.away, ["fill": Self.quiet]) }
    }

    /// At the edge of the circle if there is room, otherwise beside its centre.
    private mutating func labelReach(_ radiusM: Double, _ centre: Spot, _ away: Spot) {
        let radius = radiusM * view.scale
        let edge = Spot(x: centre.x, y: centre.y + (away.y < 0 ? -radius : radius))
        let isRoom = radius > 40 && edge.y > view.frame.y + 24 && edge.y < view.frame.bottom - 24
        label(
            "believable: within \(Wording.metres(radiusM))", at: isRoom ? edge : centre,
            away: isRoom ? Spot(x: 0, y: away.y < 0 ? -1 : 1) : away, ["fill": Self.blue])
    }

    /// A disc, or a ring with a cross for a fix that is held or set aside.
    mutating func drawSubject(_ spot: Spot, _ attributes: SVGText.Attributes) {
        let isShown = explanation.subject.current.isShown
        out.element(
            "circle",
            attributes + [
                "cx": SVGText.px(spot.x), "cy": SVGText.px(spot.y), "r": isShown ? "6" : "8",
                "fill": isShown ? colour : "#ffffff", "stroke": isShown ? "#ffffff" : colour,
                "stroke-width": isShown ? "1.5" : "2",
            ])
        if !isShown { cross(spot, 4, colour) }
    }

    /// Of the fix: by its effect.
    var colour: String {
        explanation.subject.current.effect == .accept ? Self.green : Self.red
    }

    private var anchorText: String {
        let time = explanation.subject.stored.fix.tsMs
        if let anchor = explanation.trace?.anchor {
            return "last trusted, " + UTCTime.text(ms: anchor.tsMs, beside: time)
        }
        return "first of this time"
    }

    /// Text with a halo, where there is room beside a point.
    private mutating func label(
        _ string: String, at spot: Spot, away: Spot, _ attributes: SVGText.Attributes
    ) {
        let place = labels.place(string, at: spot, size: Self.size, away: away)
        let position: SVGText.Attributes = ["x": SVGText.px(place.x), "y": SVGText.px(place.y)]
        // An element of its own: not every viewer can draw the outline first.
        out.element(
            "text",
            ["class": "halo"] + position + attributes + [
                "stroke": "#f6f7f8", "stroke-width": "4", "stroke-linejoin": "round",
                "aria-hidden": "true",
            ], text: string)
        out.element("text", ["class": "label"] + position + attributes, text: string)
    }

    mutating func cross(_ spot: Spot, _ size: Double, _ colour: String) {
        let (x, y) = (spot.x, spot.y)
        let path =
            "M\(SVGText.px(x - size)) \(SVGText.px(y - size))L\(SVGText.px(x + size)) "
            + "\(SVGText.px(y + size))M\(SVGText.px(x - size)) \(SVGText.px(y + size))"
            + "L\(SVGText.px(x + size)) \(SVGText.px(y - size))"
        out.element(
            "path", ["class": "held", "d": path, "stroke": colour, "stroke-width": "2"])
    }

    mutating func diamond(_ spot: Spot, _ size: Double, _ colour: String) {
        let (x, y) = (spot.x, spot.y)
        let path =
            "M\(SVGText.px(x)) \(SVGText.px(y - size))L\(SVGText.px(x + size)) \(SVGText.px(y))"
            + "L\(SVGText.px(x)) \(SVGText.px(y + size))L\(SVGText.px(x - size)) "
            + "\(SVGText.px(y))Z"
        out.element(
            "path",
            [
                "class": "anchor", "d": path, "fill": colour, "stroke": "#ffffff",
                "stroke-width": "1.5",
            ])
    }
}
