/// An SVG document in the making. Coordinates are px with at most two decimals.
struct SVGText {
    private(set) var bytes: [UInt8] = []

    /// Attributes in order; values are escaped.
    struct Attributes: ExpressibleByDictionaryLiteral {
        private(set) var pairs: [(key: String, value: String)]

        init(dictionaryLiteral elements: (String, String)...) {
            pairs = elements.map { ($0.0, $0.1) }
        }

        static func + (a: Attributes, b: Attributes) -> Attributes {
            var sum = a
            sum.pairs += b.pairs
            return sum
        }
    }

    mutating func open(_ name: String, _ attributes: Attributes) {
        tag(name, attributes)
        add(">\n")
    }

    mutating func close(_ name: String) { add("</\(name)>\n") }

    /// An element without content.
    mutating func element(_ name: String, _ attributes: Attributes) {
        tag(name, attributes)
        add("/>\n")
    }

    /// An element with text, which viewers show as a hint when it is a `title`.
    mutating func element(_ name: String, _ attributes: Attributes, text: String) {
        tag(name, attributes)
        add(">")
        escape(text)
        add("</\(name)>\n")
    }

    private mutating func tag(_ name: String, _ attributes: Attributes) {
        add("<\(name)")
        for (key, value) in attributes.pairs {
            add(" \(key)=\"")
            escape(value)
            add("\"")
        }
    }

    private mutating func add(_ text: String) { bytes += Array(text.utf8) }

    /// XML 1.0: markup is escaped; what no document may hold becomes U+FFFD.
    private mutating func escape(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": add("&amp;")
            case "<": add("&lt;")
            case ">": add("&gt;")
            case "\"": add("&quot;")
            case "\u{0}"..<"\u{20}", "\u{FFFE}", "\u{FFFF}": add("\u{FFFD}")
            default: add(String(Character(scalar)))
            }
        }
    }

    /// `12`, `12.5`, `12.25`.
    static func px(_ value: Double) -> String { Wording.number(min(max(value, -1e7), 1e7)) }
}

/// A point of the picture, px right and down.
struct Spot: Equatable {
    var x: Double
    var y: Double

    static func + (a: Spot, b: Spot) -> Spot { Spot(x: a.x + b.x, y: a.y + b.y) }
}

/// A rectangle of the picture, px.
struct Box: Equatable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    var right: Double { x + width }
    var bottom: Double { y + height }

    func contains(_ spot: Spot) -> Bool {
        spot.x >= x && spot.x <= right && spot.y >= y && spot.y <= bottom
    }

    func contains(_ other: Box) -> Bool {
        other.x >= x && other.right <= right && other.y >= y && other.bottom <= bottom
    }

    /// Area that both cover, px².
    func overlap(_ other: Box) -> Double {
        max(0, min(right, other.right) - max(x, other.x))
            * max(0, min(bottom, other.bottom) - max(y, other.y))
    }
}
