import TachoCodec
package import TachoGeo

/// Why a verdict is told: it was the first and not `ok`, or it is another than before.
package enum VerdictCause: Hashable, Sendable {
    case decided
    case amended(AmendCause)

    /// As rows carry it.
    var code: UInt8 {
        switch self {
        case .decided: 0
        case .amended(let cause): cause.rawValue
        }
    }

    init?(code: UInt8) {
        if code == 0 {
            self = .decided
        } else if let cause = AmendCause(rawValue: code) {
            self = .amended(cause)
        } else {
            return nil
        }
    }

    package var name: String {
        switch self {
        case .decided: "decided"
        case .amended(let cause): cause.name
        }
    }
}

/// An entry of the stream `verdicts`. The judge's own mark on verdicts is not told.
package struct VerdictEntry: Hashable, Sendable {
    package var rider: UInt32
    package var tsMs: Int64
    /// The fix's place among those of its rider and time.
    package var ordinal: UInt16
    package var verdict: Verdict
    /// nil: there was none, it was decided.
    package var previous: Verdict?
    package var cause: VerdictCause

    package init(
        rider: UInt32, tsMs: Int64, ordinal: UInt16, verdict: Verdict, previous: Verdict?,
        cause: VerdictCause
    ) {
        self.rider = rider
        self.tsMs = tsMs
        self.ordinal = ordinal
        self.verdict = Verdict(codes: verdict.codes, effect: verdict.effect)
        self.previous = previous.map { Verdict(codes: $0.codes, effect: $0.effect) }
        self.cause = cause
    }
}

/// Entries one behind the other, as the judge makes them and the journal carries them: some 10 B
/// each. Cut into runs, so that to read one entry few have to be passed.
package struct VerdictRuns: Sendable {
    package struct Run: Hashable, Sendable {
        package var count: UInt32
        package var bytes: [UInt8]

        package init(count: UInt32, bytes: [UInt8]) {
            self.count = count
            self.bytes = bytes
        }
    }

    package private(set) var runs: [Run] = []
    package private(set) var count = 0
    package private(set) var bytes = 0
    private var writer = ByteWriter()
    private var lastTsMs: Int64 = 0

    /// Entries of a run, at most.
    package static let runLength = 1_024

    static let ordinalBit: UInt8 = 4
    static let causeShift: UInt8 = 3
    static let previousShift: UInt8 = 6

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Off the path of a usual fix. Cost: 30 ns.
    package mutating func add(_ entry: VerdictEntry) {
        if runs.isEmpty || Int(runs[runs.count - 1].count) == Self.runLength {
            runs.append(Run(count: 0, bytes: []))
            lastTsMs = 0
        }
        writer.bytes.removeAll(keepingCapacity: true)
        writer.put(
            entry.verdict.effect.rawValue | (entry.ordinal == 0 ? 0 : Self.ordinalBit)
                | entry.cause.code << Self.causeShift
                | (entry.previous?.effect.rawValue ?? 0) << Self.previousShift)
        writer.putVarint(UInt64(entry.rider))
        writer.putZigzag(entry.tsMs - lastTsMs)
        writer.putVarint(entry.verdict.codes)
        if entry.ordinal != 0 { writer.putVarint(UInt64(entry.ordinal)) }
        if entry.cause != .decided { writer.putVarint(entry.previous?.codes ?? 0) }
        lastTsMs = entry.tsMs
        runs[runs.count - 1].bytes.append(contentsOf: writer.bytes)
        runs[runs.count - 1].count += 1
        count += 1
        bytes += writer.count
    }
}

extension VerdictRuns.Run {
    /// Reads entries up to `limit`, the first `skipping` of them for nothing. Every value is checked.
    package static func read(
        count: UInt32, _ bytes: UnsafeRawBufferPointer, skipping: Int, limit: Int,
        into list: inout [VerdictEntry]
    ) throws(StoreError) {
        var reader = ByteReader(bytes)
        var tsMs: Int64 = 0
        do {
            for index in 0..<Int(count) {
                if index >= limit { return }
                let entry = try entry(&reader, &tsMs)
                if index >= skipping { list.append(entry) }
            }
            guard reader.isAtEnd else { throw StoreError.damaged("") }
        } catch {
            throw .damaged("an entry of the stream verdicts cannot be read")
        }
    }

    private static func entry(
        _ reader: inout ByteReader, _ tsMs: inout Int64
    ) throws -> VerdictEntry {
        let head: UInt8 = try reader.read()
        guard let effect = Effect(rawValue: head & 3),
            let cause = VerdictCause(code: head >> VerdictRuns.causeShift & 7),
            let before = Effect(rawValue: head >> VerdictRuns.previousShift),
            let rider = UInt32(exactly: try reader.readVarint())
        else { throw StoreError.damaged("") }
        let (sum, overflows) = tsMs.addingReportingOverflow(try reader.readZigzag())
        guard !overflows, abs(max(sum, -Int64.max)) < Fix.timeLimitMs else {
            throw StoreError.damaged("")
        }
        tsMs = sum
        let codes = try reader.readVarint()
        var ordinal: UInt16 = 0
        if head & VerdictRuns.ordinalBit != 0 {
            guard let read = UInt16(exactly: try reader.readVarint()), read > 0 else {
                throw StoreError.damaged("")
            }
            ordinal = read
        }
        let previous =
            cause == .decided
            ? nil : Verdict(codes: try reader.readVarint(), effect: before)
        guard previous != nil || before == .accept else { throw StoreError.damaged("") }
        return VerdictEntry(
            rider: rider, tsMs: sum, ordinal: ordinal,
            verdict: Verdict(codes: codes, effect: effect), previous: previous, cause: cause)
    }
}
