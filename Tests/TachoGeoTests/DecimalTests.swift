import Testing

@testable import TachoGeo

/// Decimal arithmetic on lists of digits: slow, and nothing like the code it checks.
private enum DigitOracle {
    /// text · 10^scale rounded, as text; nil if the text is no number.
    static func scaled(_ text: String, scale: Int) -> String? {
        guard let match = text.wholeMatch(of: /([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/) else {
            return nil
        }
        let fraction = match.3.map(String.init) ?? ""
        let exponent = match.4.flatMap { Int($0.first == "+" ? $0.dropFirst() : $0) } ?? 0
        var digits = Array(String(match.2) + fraction)
        var point = match.2.count + scale + exponent
        while point < 0 {
            digits.insert("0", at: 0)
            point += 1
        }
        while point > digits.count { digits.append("0") }
        let roundsUp = point < digits.count && digits[point] >= "5"
        digits = Array(digits[..<point])
        if roundsUp { increment(&digits) }
        let text = String(digits.drop { $0 == "0" })
        return text.isEmpty ? "0" : (match.1 == "-" ? "-" : "") + text
    }

    private static func increment(_ digits: inout [Character]) {
        for i in digits.indices.reversed() {
            if digits[i] != "9" {
                digits[i] = Character(String(digits[i].wholeNumberValue! + 1))
                return
            }
            digits[i] = "0"
        }
        digits.insert("1", at: 0)
    }

    /// Whether an integer as text is of smaller magnitude than 2^62.
    static func fits(_ integer: String) -> Bool {
        let digits = integer.first == "-" ? String(integer.dropFirst()) : integer
        let limit = "4611686018427387904"
        return digits.count != limit.count ? digits.count < limit.count : digits < limit
    }
}

@Suite struct DecimalTests {
    private func scaled(_ text: String, _ scale: Int) -> Result<Int64, Decimal.Failure> {
        withBytes(text) { Decimal.scaled($0, scale: scale) }
    }

    @Test func `numbers are rounded exactly, ties away from zero, as digit lists say`() {
        for seed in UInt64(0)..<20_000 {
            var random = Seeded(seed)
            let text = number(&random)
            let scale = Int.random(in: 0...7, using: &random)
            let expected = DigitOracle.scaled(text, scale: scale)!
            switch scaled(text, scale) {
            case .success(let value):
                #expect("\(value)" == expected, "seed \(seed): \(text) at \(scale)")
            case .failure(let failure):
                #expect(failure == .outOfRange, "seed \(seed): \(text)")
                #expect(!DigitOracle.fits(expected), "seed \(seed): \(text) at \(scale)")
            }
        }
    }

    /// Few distinct digits, so that ties and runs of nines are frequent.
    private func number(_ random: inout Seeded) -> String {
        func digits(_ range: ClosedRange<Int>) -> String {
            let alphabet = Array(Bool.random(using: &random) ? "0459" : "0123456789")
            return String(
                (0..<Int.random(in: range, using: &random)).map { _ in
                    alphabet.randomElement(using: &random)!
                })
        }
        var text = ["", "-", "+"].randomElement(using: &random)! + digits(1...12)
        if Bool.random(using: &random) { text += "." + digits(1...20) }
        if Int.random(in: 0..<4, using: &random) == 0 {
            text += ["e", "E", "e-", "e+"].randomElement(using: &random)! + digits(1...2)
        }
        return text
    }

    @Test(arguments: [
        ("0.5", 1), ("-0.5", -1), ("0.49999999999999999999999", 0), ("1.5", 2), ("2.5", 3),
        ("-2.5", -3), ("0.4", 0), ("-0.4", 0), ("5e-1", 1), ("50e-2", 1), ("49e-2", 0),
        ("1e3", 1_000), ("0e99", 0), ("0.00e+99999999999999999999", 0),
        ("1e-99999999999999999999", 0), ("00000000000000000000000000000012", 12),
        ("4611686018427387903", 4_611_686_018_427_387_903),
        ("-4611686018427387903.4", -4_611_686_018_427_387_903),
    ])
    func `this text is this integer`(text: String, value: Int) {
        #expect(scaled(text, 0) == .success(Int64(value)))
    }

    @Test(arguments: [
        "4611686018427387904", "4611686018427387903.5", "-4611686018427387904", "1e19",
        "9223372036854775808", "1e99999999999999999999", "99999999999999999999999",
    ])
    func `this text is out of range`(text: String) {
        #expect(scaled(text, 0) == .failure(.outOfRange))
    }

    @Test(arguments: [
        "", "-", "+", ".", "1.", ".5", "-.5", "1e", "1e+", "e5", "nan", "NaN", "inf", "-inf",
        "Infinity", "0x10", " 1", "1 ", "1,5", "1_000", "--1", "+-1", "1.2.3", "1e2.5", "１",
        "1\0",
    ])
    func `this text is no number`(text: String) {
        #expect(scaled(text, 7) == .failure(.notANumber))
    }

    @Test func `a number of a million digits is read`() {
        let nines = String(repeating: "9", count: 1_000_000)
        #expect(scaled("0." + nines, 7) == .success(10_000_000))
        #expect(scaled("1." + String(repeating: "0", count: 1_000_000), 7) == .success(10_000_000))
        #expect(scaled(nines, 7) == .failure(.outOfRange))
        #expect(scaled(nines + "e-1000000", 0) == .success(1))
    }

    @Test func `the famous double roundings do not happen`() {
        // As a double 1.005 is below itself, and 0.285 too.
        #expect(scaled("1.005", 2) == .success(101))
        #expect(scaled("0.285", 2) == .success(29))
        #expect(scaled("37.56650005", 7) == .success(375_665_001))
        #expect(scaled("25.348865000000000499999", 7) == .success(253_488_650))
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("+7", 7), ("-7", -7), ("007", 7),
        ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
    ])
    func `an integer is read`(text: String, value: Int) {
        #expect(withBytes(text) { Decimal.integer($0) } == Int64(value))
        #expect(withBytes(text) { Decimal.isInteger($0) })
    }

    @Test(arguments: ["", "-", "+", "1.0", "1e3", " 1", "1 ", "a", "--1", "0x1"])
    func `this text is no integer`(text: String) {
        #expect(withBytes(text) { Decimal.integer($0) } == nil)
        #expect(!withBytes(text) { Decimal.isInteger($0) })
    }

    @Test(arguments: ["9223372036854775808", "-9223372036854775809", "99999999999999999999999"])
    func `an integer beyond 64 bits is refused, but is one`(text: String) {
        #expect(withBytes(text) { Decimal.integer($0) } == nil)
        #expect(withBytes(text) { Decimal.isInteger($0) })
    }

    @Test(arguments: [
        (0, 7, false, "0.0000000"), (0, 7, true, "0"), (-1, 7, false, "-0.0000001"),
        (1_250, 2, true, "12.5"), (1_200, 2, true, "12"), (5, 2, true, "0.05"),
        (-15, 1, true, "-1.5"), (-10, 1, true, "-1"), (42, 0, true, "42"), (42, 0, false, "42"),
        (100, 0, true, "100"), (Int.min, 0, false, "-9223372036854775808"),
        (Int.max, 3, true, "9223372036854775.807"),
    ])
    func `a value is written so`(value: Int, decimals: Int, trimmed: Bool, text: String) {
        var out: [UInt8] = []
        Decimal.append(Int64(value), decimals: decimals, trimmed: trimmed, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == text)
    }

    @Test func `what is written is read back as the same value`() {
        for seed in UInt64(0)..<5_000 {
            var random = Seeded(seed)
            let value = Int64(bitPattern: random.next()) >> Int64.random(in: 2...63, using: &random)
            let decimals = Int.random(in: 0...7, using: &random)
            for trimmed in [true, false] {
                var out: [UInt8] = []
                Decimal.append(value, decimals: decimals, trimmed: trimmed, to: &out)
                let back = out.withUnsafeBytes { Decimal.scaled($0, scale: decimals) }
                #expect(back == .success(value), "seed \(seed)")
                if trimmed && decimals > 0 && out.contains(UInt8(ascii: ".")) {
                    #expect(out.last != UInt8(ascii: "0"), "seed \(seed)")
                }
            }
            var out: [UInt8] = []
            Decimal.appendInteger(value, to: &out)
            #expect(String(decoding: out, as: UTF8.self) == "\(value)")
        }
    }
}
