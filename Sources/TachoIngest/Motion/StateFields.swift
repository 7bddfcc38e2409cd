/// Walks the fields of a rule's state, in the order of `format-spec.md` §6: one list of fields
/// serves writing and reading.
package protocol StateVisitor {
    mutating func visit<Value: StateValue>(_ value: inout Value)
}

/// A field: a number of fixed width, little-endian.
package protocol StateValue: BitwiseCopyable {
    static var byteCount: Int { get }
    /// Zero-extended; 0 for the value a new state has most often.
    var bits: UInt64 { get }
    init(bits: UInt64)
}

extension StateValue where Self: FixedWidthInteger {
    package static var byteCount: Int { bitWidth / 8 }
    package var bits: UInt64 { UInt64(truncatingIfNeeded: self) & Self.mask }
    package init(bits: UInt64) { self = Self(truncatingIfNeeded: bits) }
    private static var mask: UInt64 { bitWidth == 64 ? .max : 1 << UInt64(bitWidth) - 1 }
}

extension UInt8: StateValue {}
extension UInt16: StateValue {}
extension Int32: StateValue {}
extension Int64: StateValue {}
extension UInt64: StateValue {}
extension Int: StateValue {}

extension Double: StateValue {
    package static var byteCount: Int { 8 }
    package var bits: UInt64 { bitPattern }
    package init(bits: UInt64) { self = Double(bitPattern: bits) }
}

extension Float: StateValue {
    package static var byteCount: Int { 4 }
    package var bits: UInt64 { UInt64(bitPattern) }
    package init(bits: UInt64) { self = Float(bitPattern: UInt32(truncatingIfNeeded: bits)) }
}

extension Bool: StateValue {
    package static var byteCount: Int { 1 }
    package var bits: UInt64 { self ? 1 : 0 }
    package init(bits: UInt64) { self = bits != 0 }
}

/// Writes fields: a bitmap of those that are not 0, then these.
package struct StateWriter: StateVisitor {
    private var bitmap: [UInt8] = []
    private var values: [UInt8] = []
    private var count = 0

    package init() {
        bitmap.reserveCapacity(16)
        values.reserveCapacity(384)
    }

    package mutating func visit<Value: StateValue>(_ value: inout Value) {
        if count % 8 == 0 { bitmap.append(0) }
        if value.bits != 0 {
            bitmap[count / 8] |= 1 << UInt8(count % 8)
            for byte in 0..<Value.byteCount {
                values.append(UInt8(truncatingIfNeeded: value.bits >> UInt64(8 * byte)))
            }
        }
        count += 1
    }

    package var bytes: [UInt8] { bitmap + values }
}

/// Reads what `StateWriter` wrote. `isValid` false: the bytes are not that, and the state is not to
/// be used.
package struct StateReader: StateVisitor {
    private let bytes: [UInt8]
    private var at: Int
    private let fields: Int
    private var count = 0
    package private(set) var isValid = true

    /// `fields` is how many there are; what is asked for beyond is 0.
    package init(_ bytes: [UInt8], fields: Int) {
        self.bytes = bytes
        self.fields = fields
        at = (fields + 7) / 8
        isValid = bytes.count >= at
    }

    package mutating func visit<Value: StateValue>(_ value: inout Value) {
        defer { count += 1 }
        guard isValid, count < fields, bytes[count / 8] >> UInt8(count % 8) & 1 != 0 else {
            value = Value(bits: 0)
            return
        }
        guard at + Value.byteCount <= bytes.count else {
            isValid = false
            return
        }
        var bits: UInt64 = 0
        for byte in 0..<Value.byteCount { bits |= UInt64(bytes[at + byte]) << UInt64(8 * byte) }
        value = Value(bits: bits)
        at += Value.byteCount
    }

    /// All bytes were used, and no bit is set for a field there is not.
    package var isComplete: Bool {
        guard isValid, count >= fields, at == bytes.count else { return false }
        let used = fields % 8
        return used == 0 || bytes[fields / 8] >> UInt8(used) == 0
    }
}

/// Counts fields.
private struct StateCounter: StateVisitor {
    var count = 0
    mutating func visit<Value: StateValue>(_ value: inout Value) { count += 1 }
}

extension Motion {
    package static let fieldCount: Int = {
        var counter = StateCounter()
        var motion = Motion()
        motion.visitFields(&counter)
        return counter.count
    }()

    /// Of slots of versions 2 and 3: what came later is behind them.
    package static let fieldCountsBefore = [80, 81]

    /// As a checkpoint holds it.
    package var image: [UInt8] {
        var writer = StateWriter()
        var copy = self
        copy.visitFields(&writer)
        return writer.bytes
    }

    /// nil: the bytes are no image of so many fields.
    package init?(image: [UInt8], fields: Int = Motion.fieldCount) {
        self.init()
        var reader = StateReader(image, fields: fields)
        visitFields(&reader)
        guard reader.isComplete, isFinite else { return nil }
    }

    package mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&tsMs)
        visitor.visit(&heldMs)
        visitor.visit(&latE7)
        visitor.visit(&lonE7)
        visitor.visit(&speedMps)
        visitor.visit(&heading.east)
        visitor.visit(&heading.north)
        visitor.visit(&accuracyDm)
        visitor.visit(&altitudeDm)
        visitor.visit(&eastM)
        visitor.visit(&northM)
        visitor.visit(&stepSeconds)
        visitor.visit(&holdMaxS)
        visitor.visit(&holds)
        visitor.visit(&moves)
        overspeed.visitFields(&visitor)
        channels.visitFields(&visitor)
        speedMismatch.visitFields(&visitor)
        divergence.visitFields(&visitor)
        headingMismatch.visitFields(&visitor)
        frozen.visitFields(&visitor)
        zigzag.visitFields(&visitor)
        line.visitFields(&visitor)
        evenSpeed.visitFields(&visitor)
        jitter.visitFields(&visitor)
        clockRate.visitFields(&visitor)
        lock.visitFields(&visitor)
        metadata.visitFields(&visitor)
        altitude.visitFields(&visitor)
        grid.visitFields(&visitor)
        visitor.visit(&source)
        visitor.visit(&windowSixteenths)
        flicker.visitFields(&visitor)
        clockStep.visitFields(&visitor)
        evenSpeed.visitNewFields(&visitor)
        visitNewFields(&visitor)
    }

    /// Those that came with version 4 of a slot.
    private mutating func visitNewFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&isSuddenlyFast)
        visitor.visit(&hasHeldDebt)
        visitor.visit(&heldInRow)
        headingMismatch.visitNewFields(&visitor)
        altitude.visitNewFields(&visitor)
        flicker.visitNewFields(&visitor)
    }

    /// Numbers that are none would make every comparison false for ever.
    private var isFinite: Bool {
        var check = FiniteCheck()
        var copy = self
        copy.visitFields(&check)
        return check.isFinite
    }
}

private struct FiniteCheck: StateVisitor {
    var isFinite = true
    mutating func visit<Value: StateValue>(_ value: inout Value) {
        if let number = value as? Float, !number.isFinite { isFinite = false }
    }
}
