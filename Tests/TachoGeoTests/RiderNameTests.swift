import TachoGeo
import Testing

@Suite struct RiderNameTests {
    private func defect(_ bytes: [UInt8]) -> Malformed? {
        bytes.withUnsafeBytes { RiderName.defect($0) }
    }

    @Test(arguments: ["a", "rider 7", "배달", "ß", "🛵", "\u{A0}", "\u{FFFD}", "\u{10FFFF}", ",\""])
    func `this text names a rider`(name: String) {
        #expect(defect(Array(name.utf8)) == nil)
    }

    @Test func `a name has 1 to 128 bytes`() {
        #expect(defect([]) == .riderEmpty)
        #expect(defect([UInt8](repeating: 65, count: 128)) == nil)
        #expect(defect([UInt8](repeating: 65, count: 129)) == .riderTooLong)
        #expect(defect(Array(String(repeating: "é", count: 64).utf8)) == nil)
        #expect(defect(Array(String(repeating: "é", count: 65).utf8)) == .riderTooLong)
    }

    @Test func `control characters are refused and their neighbours are not`() {
        for scalar in UInt32(0)...0x100 {
            let isControl = scalar < 0x20 || (0x7F...0x9F).contains(scalar)
            let bytes = Array(String(Character(UnicodeScalar(scalar)!)).utf8)
            #expect(defect([97] + bytes) == (isControl ? .riderNotText : nil), "\(scalar)")
        }
    }

    @Test func `one byte decides in a name of any length, wherever it stands`() {
        for length in 1...25 {
            for place in 0..<length {
                for byte in UInt8(0)...255 {
                    var name = [UInt8](repeating: 126, count: length)
                    name[place] = byte
                    let isText = (0x20..<0x7F).contains(byte)
                    let isRight = defect(name) == (isText ? nil : .riderNotText)
                    #expect(isRight, "byte \(byte) at \(place) of \(length)")
                }
            }
        }
    }

    @Test(arguments: [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF],
        [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE],
    ])
    func `these bytes are no UTF-8`(bytes: [UInt8]) {
        #expect(defect(bytes) == .riderNotText)
        #expect(defect([97] + bytes + [97]) == .riderNotText)
    }

    @Test func `the standard library agrees on any bytes`() {
        let leads: [UInt8] = [0x41, 0x80, 0xA0, 0xBF, 0xC2, 0xC3, 0xE0, 0xE1, 0xED, 0xF0, 0xF4]
        for seed in UInt64(0)..<50_000 {
            var random = Seeded(seed)
            let bytes = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? leads.randomElement(using: &random)!
                    : UInt8(truncatingIfNeeded: random.next())
            }
            let text = String(validating: bytes, as: UTF8.self)
            let isGood = text?.unicodeScalars.allSatisfy {
                $0.properties.generalCategory != .control
            }
            #expect((defect(bytes) == nil) == (isGood ?? false), "seed \(seed): \(bytes)")
        }
    }
}
