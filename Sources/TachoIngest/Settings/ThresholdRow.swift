import TachoGeo

/// One number of a rule set as people name, read and write it: a row of `ThresholdTable`.
package struct ThresholdRow: Sendable {
    /// JSON key and word of `T.RULES SET`; its unit comes last.
    package let name: String
    /// What may be set, both ends included, in the unit of the name.
    package let range: ClosedRange<Double>
    package let meaning: String
    private let field: Field

    /// Where the number is, and what is between it and its text.
    enum Field: Sendable {
        case ms(any WritableKeyPath<Thresholds, Int64> & Sendable)
        /// An integer that counts 10^-decimals of the unit.
        case scaled(any WritableKeyPath<Thresholds, Int32> & Sendable, decimals: Int)
        case count(any WritableKeyPath<Thresholds, Int> & Sendable)
        case word(any WritableKeyPath<Thresholds, UInt16> & Sendable)
        case byte(any WritableKeyPath<Thresholds, UInt8> & Sendable)
        case long(any WritableKeyPath<Thresholds, UInt64> & Sendable)
        case double(any WritableKeyPath<Thresholds, Double> & Sendable)
        case single(any WritableKeyPath<Thresholds, Float> & Sendable)
    }

    init(_ name: String, _ field: Field, _ range: ClosedRange<Double>, _ meaning: String) {
        self.name = name
        self.field = field
        self.range = range
        self.meaning = meaning
    }

    /// The number as the shortest text that `set` reads back as the same.
    package func text(_ limits: Thresholds) -> String {
        switch field {
        case .ms(let path): String(limits[keyPath: path])
        case .count(let path): String(limits[keyPath: path])
        case .word(let path): String(limits[keyPath: path])
        case .byte(let path): String(limits[keyPath: path])
        case .long(let path): String(limits[keyPath: path])
        case .scaled(let path, let decimals):
            Self.decimal(Int64(limits[keyPath: path]), decimals)
        case .double(let path): Self.shortest("\(limits[keyPath: path])")
        case .single(let path): Self.shortest("\(limits[keyPath: path])")
        }
    }

    /// Takes a number in decimal text. Nothing is changed when it throws.
    package func set(_ text: String, in limits: inout Thresholds) throws(RuleSettingsError) {
        guard let value = Self.number(text) else {
            throw .notANumber(name: name, text: text, allowed: allowed)
        }
        guard range.contains(value) else {
            throw .outOfRange(name: name, text: text, allowed: allowed)
        }
        switch field {
        case .ms(let path): limits[keyPath: path] = Int64(try whole(value, text))
        case .count(let path): limits[keyPath: path] = Int(try whole(value, text))
        case .word(let path): limits[keyPath: path] = UInt16(try whole(value, text))
        case .byte(let path): limits[keyPath: path] = UInt8(try whole(value, text))
        case .long(let path): limits[keyPath: path] = UInt64(try whole(value, text))
        case .scaled(let path, let decimals):
            limits[keyPath: path] = Int32(clamping: Self.scaled(text, decimals))
        case .double(let path): limits[keyPath: path] = value
        case .single(let path): limits[keyPath: path] = Float(text)!
        }
    }

    /// `0 to 100000`, for messages and documents.
    package var allowed: String {
        let numbers = "\(Self.plain(range.lowerBound)) to \(Self.plain(range.upperBound))"
        return isWhole ? "a whole number, " + numbers : numbers
    }

    private var isWhole: Bool {
        switch field {
        case .ms, .count, .word, .byte, .long: true
        case .scaled, .double, .single: false
        }
    }

    private func whole(_ value: Double, _ text: String) throws(RuleSettingsError) -> Double {
        guard value == value.rounded() else {
            throw .notANumber(name: name, text: text, allowed: allowed)
        }
        return value
    }
}

extension ThresholdRow {
    /// A decimal number as CSV has them: no `nan`, no `inf`, no hexadecimal.
    private static func number(_ text: String) -> Double? {
        var text = text
        let isNumber = text.withUTF8 { bytes in
            switch Decimal.scaled(UnsafeRawBufferPointer(bytes), scale: 0) {
            case .success, .failure(.outOfRange): true
            case .failure(.notANumber): false
            }
        }
        return isNumber ? Double(text) : nil
    }

    private static func scaled(_ text: String, _ decimals: Int) -> Int64 {
        var text = text
        return text.withUTF8 { bytes in
            // In range by now: below 2^62.
            (try? Decimal.scaled(UnsafeRawBufferPointer(bytes), scale: decimals).get()) ?? 0
        }
    }

    private static func decimal(_ value: Int64, _ decimals: Int) -> String {
        var bytes: [UInt8] = []
        Decimal.append(value, decimals: decimals, trimmed: true, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func shortest(_ text: String) -> String {
        text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func plain(_ value: Double) -> String {
        value == value.rounded() ? String(Int64(value)) : "\(value)"
    }
}
