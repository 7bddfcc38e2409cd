/// Finds room for labels: beside their point, inside the frame, and not over one another.
struct LabelPlacer {
    private let frame: Box
    private var taken: [Box]

    /// An estimate for common sans-serif faces, so that a label that fits here fits anywhere.
    static func width(_ text: String, size: Double) -> Double {
        Double(text.unicodeScalars.reduce(0) { $0 + ($1.value < 0x2E80 ? 1 : 2) }) * size * 0.6
    }

    init(frame: Box, taken: [Box]) {
        self.frame = frame
        self.taken = taken
    }

    /// Keeps labels off a mark.
    mutating func avoid(_ spot: Spot, radius: Double) {
        taken.append(
            Box(x: spot.x - radius, y: spot.y - radius, width: 2 * radius, height: 2 * radius))
    }

    /// Where the text's baseline begins. `away`: the side that is tried first.
    mutating func place(_ text: String, at spot: Spot, size: Double, away: Spot) -> Spot {
        let width = Self.width(text, size: size)
        let height = size * 1.3
        var best = Box(x: spot.x, y: spot.y, width: width, height: height)
        var least = Double.infinity
        for distance in [12.0, 22, 36, 56, 80] {
            for (right, down) in Self.sides(away) {
                let box = Box(
                    x: spot.x + right * distance + width * Self.share(right),
                    y: spot.y + down * distance + height * Self.share(down),
                    width: width, height: height)
                let outside = width * height - box.overlap(frame)
                let cost = outside * 4 + taken.reduce(0) { $0 + $1.overlap(box) } + distance
                if cost < least { (best, least) = (box, cost) }
            }
        }
        taken.append(best)
        return Spot(x: best.x, y: best.y + size)
    }

    /// How much of a label lies before its point when it is put to that side.
    private static func share(_ direction: Double) -> Double {
        direction < 0 ? -1 : direction == 0 ? -0.5 : 0
    }

    /// Eight directions, nearest to `away` first.
    private static func sides(_ away: Spot) -> [(Double, Double)] {
        let all: [(Double, Double)] = [
            (1, 0), (0.7, -0.7), (0, -1), (-0.7, -0.7), (-1, 0), (-0.7, 0.7), (0, 1), (0.7, 0.7),
        ]
        return all.sorted { $0.0 * away.x + $0.1 * away.y > $1.0 * away.x + $1.1 * away.y }
    }
}
