/// Movement as the phone reports it, in integers that encoder and decoder compute alike.
///
/// A phone's speed and heading come from Doppler shifts, not from its positions: they say what the
/// next step will be where two positions only say what the last one was.
enum Course {
    /// A step says nothing if it is longer than this, about 17 minutes.
    static let maxStepMs: Int64 = 1 << 20
    /// Scales are below this: speeds of 1 km/s over 17 minutes then stay within 64 bits.
    static let maxScale: Int64 = 1 << 22
    /// `scale` of latitudes in 1e-7 degree: 2^24 · 1e-5 m / 1.11195 cm, on a sphere of 6,371 km.
    static let latScale: Int64 = 15_088
    /// Positions and drifts have this many bits below the unit.
    static let fraction: Int64 = 4

    /// Round(16,384 · sin) of quarter degrees, 0° to 90°. Written down, not computed: bytes on
    /// disk must not depend on anybody's floating point.
    private static let quarter: [Int16] = [
        0, 71, 143, 214, 286, 357, 429, 500, 572, 643, 715, 786, 857, 929, 1000, 1072, 1143,
        1214, 1285, 1357, 1428, 1499, 1570, 1641, 1713, 1784, 1855, 1926, 1997, 2068, 2139,
        2209, 2280, 2351, 2422, 2492, 2563, 2634, 2704, 2775, 2845, 2915, 2986, 3056, 3126,
        3196, 3266, 3336, 3406, 3476, 3546, 3616, 3686, 3755, 3825, 3894, 3964, 4033, 4102,
        4171, 4240, 4310, 4378, 4447, 4516, 4585, 4653, 4722, 4790, 4859, 4927, 4995, 5063,
        5131, 5199, 5266, 5334, 5402, 5469, 5536, 5604, 5671, 5738, 5805, 5872, 5938, 6005,
        6071, 6138, 6204, 6270, 6336, 6402, 6467, 6533, 6599, 6664, 6729, 6794, 6859, 6924,
        6989, 7053, 7118, 7182, 7246, 7311, 7374, 7438, 7502, 7565, 7629, 7692, 7755, 7818,
        7881, 7943, 8006, 8068, 8130, 8192, 8254, 8316, 8377, 8438, 8500, 8561, 8621, 8682,
        8743, 8803, 8863, 8923, 8983, 9043, 9102, 9162, 9221, 9280, 9339, 9397, 9456, 9514,
        9572, 9630, 9688, 9746, 9803, 9860, 9917, 9974, 10031, 10087, 10143, 10199, 10255,
        10311, 10366, 10422, 10477, 10531, 10586, 10641, 10695, 10749, 10803, 10856, 10910,
        10963, 11016, 11069, 11121, 11174, 11226, 11278, 11330, 11381, 11433, 11484, 11535,
        11585, 11636, 11686, 11736, 11786, 11835, 11885, 11934, 11982, 12031, 12080, 12128,
        12176, 12223, 12271, 12318, 12365, 12412, 12458, 12505, 12551, 12597, 12642, 12688,
        12733, 12778, 12822, 12867, 12911, 12955, 12998, 13042, 13085, 13128, 13170, 13213,
        13255, 13297, 13338, 13380, 13421, 13462, 13502, 13543, 13583, 13623, 13662, 13702,
        13741, 13780, 13818, 13856, 13894, 13932, 13970, 14007, 14044, 14081, 14117, 14153,
        14189, 14225, 14260, 14295, 14330, 14364, 14399, 14433, 14466, 14500, 14533, 14566,
        14598, 14631, 14663, 14694, 14726, 14757, 14788, 14819, 14849, 14879, 14909, 14938,
        14968, 14996, 15025, 15053, 15082, 15109, 15137, 15164, 15191, 15218, 15244, 15270,
        15296, 15321, 15346, 15371, 15396, 15420, 15444, 15468, 15491, 15515, 15537, 15560,
        15582, 15604, 15626, 15647, 15668, 15689, 15709, 15729, 15749, 15769, 15788, 15807,
        15826, 15844, 15862, 15880, 15897, 15914, 15931, 15948, 15964, 15980, 15996, 16011,
        16026, 16041, 16055, 16069, 16083, 16096, 16110, 16123, 16135, 16147, 16159, 16171,
        16182, 16193, 16204, 16214, 16225, 16234, 16244, 16253, 16262, 16270, 16279, 16287,
        16294, 16302, 16309, 16315, 16322, 16328, 16333, 16339, 16344, 16349, 16353, 16358,
        16362, 16365, 16368, 16371, 16374, 16376, 16378, 16380, 16382, 16383, 16383, 16384,
        16384,
    ]

    /// Sines of quarter degrees from 0° to 450°: a cosine is the sine 360 places on.
    nonisolated(unsafe) static let sines: UnsafePointer<Int16> = {
        let table = UnsafeMutablePointer<Int16>.allocate(capacity: 1801)
        for i in 0...1800 {
            let angle = i % 1440
            let folded = angle % 720 <= 360 ? angle % 720 : 720 - angle % 720
            table[i] = angle < 720 ? quarter[folded] : -quarter[folded]
        }
        return UnsafePointer(table)
    }()

    /// Where in `sines` the share of a movement lies that a column sees: northward for latitudes,
    /// eastward for longitudes.
    static func turn(_ column: Column) -> Int { column == .lat ? 360 : 0 }

    /// What 2^-24 of (0.01 m/s · 1 ms) is in units of the column divided by `factor`.
    static func scale(_ column: Column, latE7: Int32, factor: UInt64) -> Int64 {
        guard column == .lon else { return latScale / Int64(clamping: factor) }
        let index = Int((latE7.magnitude + 1_250_000) / 2_500_000)
        // Near the poles the ratio has no end; there it is 64.
        let cosine = max(256, Int64(sines[360 + index]))
        return (latScale << 14) / (cosine &* Int64(clamping: min(factor, 1 << 40)))
    }

    /// What fixes report of their movement, in the form both columns of place need.
    struct Reports {
        /// Speed times the time since the fix before; 0 over a gap.
        let reach: UnsafeMutablePointer<Int64>
        /// The heading's place in `sines`.
        let place: UnsafeMutablePointer<UInt64>

        /// Speeds, headings and times must be within their limits, or absent. Where one is absent
        /// the one before goes on; before the first one it is 0.
        func fill(_ fixes: ColumnPointers, count: Int) {
            var speed = max(fixes.speedCms[0], 0)
            var heading = max(fixes.headingCdeg[0], 0)
            for i in 1..<count {
                speed = fixes.speedCms[i] < 0 ? speed : fixes.speedCms[i]
                heading = fixes.headingCdeg[i] < 0 ? heading : fixes.headingCdeg[i]
                let step = fixes.tsMs[i] &- fixes.tsMs[i &- 1]
                let isGap = UInt64(bitPattern: step) > UInt64(maxStepMs)
                reach[i] = isGap ? 0 : Int64(speed) &* step
                // A division by a constant: the compiler makes a multiplication of it.
                place[i] = UInt64((UInt32(bitPattern: heading) &+ 12) / 25)
            }
        }

        /// The movement up to fix `i` in units of the column. Nothing wraps around:
        /// 2^17 · 2^20 · 2^14, then 2^37 · 2^22.
        @inline(__always)
        func movement(_ i: Int, _ sines: UnsafePointer<Int16>, scale: Int64) -> Int64 {
            let along = reach[i] &* Int64(sines[Int(truncatingIfNeeded: place[i])])
            return ((along &>> 14) &* scale) &>> 24
        }
    }

    /// How a track is followed: the share of an error that the position and the drift take over.
    enum Gain: UInt8 {
        /// All of it: for receivers that smooth their positions.
        case whole = 0
        /// Three quarters and one quarter: for positions with noise.
        case part = 1
    }

    /// What is known of a track: where it is, and how much more it moves than is reported.
    /// Wrap-around is meant: residuals may be hostile, and values are checked when they are done.
    struct State {
        private var position: Int64 = 0
        private var drift: Int64 = 0
        private var ahead: Int64 = 0

        /// Where the next fix is expected if it moved by `movement`.
        @inline(__always)
        mutating func expected(_ movement: Int64) -> Int64 {
            ahead = position &+ movement &<< fraction &+ drift
            return ahead &>> fraction
        }

        /// It was at `q`. The gain is a constant where this is compiled in.
        @inline(__always)
        mutating func learn(_ q: Int64, _ gain: Gain) {
            let error = q &<< fraction &- ahead
            switch gain {
            case .whole:
                position = q &<< fraction
                drift = drift &+ error
            case .part:
                position = ahead &+ (error &* 3) &>> 2
                drift = drift &+ error &>> 2
            }
        }
    }
}
