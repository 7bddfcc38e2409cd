@testable import TachoAudit

/// Logs to try things on.
enum LogSample {
    static let origin = "tacho.example/p7"

    static func key(_ name: String = origin, _ kind: VerifierKey.Kind = .log) -> SigningKey {
        try! SigningKey(name: name, kind: kind)
    }

    /// The sample key of `format-spec.md`: never used elsewhere.
    static func fixedKey(
        _ name: String = origin, _ kind: VerifierKey.Kind = .log, seed: UInt8 = 1
    ) throws -> SigningKey {
        try SigningKey(seed: [UInt8](repeating: seed, count: 32), name: name, kind: kind)
    }

    /// A directory with chained segments 1…count of partition 7.
    static func segments(
        _ count: UInt64, seed: UInt64 = 50, in directory: TemporaryDirectory? = nil
    ) throws -> TemporaryDirectory {
        let directory = try directory ?? TemporaryDirectory()
        var first: UInt64 = 1
        var previous = Digest.none
        for id in 1...count {
            var range = Sample.range(
                seed: seed + id, id: id, first: first, riders: 2, points: 20, previous: previous)
            range.records.removeAll { if case .amendment = $0.record { true } else { false } }
            previous = try range.seal(in: directory).sha256
            first = range.interval.lastSequence + 1
        }
        return directory
    }

    /// The same with a signed log.
    static func signed(
        _ count: UInt64, by key: SigningKey, seed: UInt64 = 50
    ) throws -> TemporaryDirectory {
        let directory = try segments(count, seed: seed)
        try append(count, to: directory, by: key)
        return directory
    }

    static func append(
        _ count: UInt64, to directory: TemporaryDirectory, by key: SigningKey
    ) throws {
        var log = try writer(directory)
        try log.append(throughSegment: count)
        try log.sign(with: key)
    }

    static func writer(
        _ directory: TemporaryDirectory, hook: LogWriter.Hook? = nil
    ) throws -> LogWriter {
        try LogWriter(audit: directory.path, origin: origin, partition: 7, hook: hook)
    }

    /// Entries of segments that are nowhere: for logs longer than anybody wants to seal in a test.
    static func entries(_ ids: ClosedRange<UInt64>, after previous: [UInt8]) -> [LogEntry] {
        var last = previous
        return ids.map { id in
            var header = SegmentHeader(interval: Sample.interval(id * 10 - 9...id * 10, id: id))
            header.points = 10
            header.blocks = 1
            header.fileBytes = 1_000
            header.tsBounds.add(Int64(id))
            header.recvBounds.add(Int64(id))
            let hash = withUnsafeBytes(of: id) { Digest.of($0) }
            let entry = LogEntry.segment(
                SegmentEntry(header: header, sha256: hash, root: hash, previous: last))
            last = entry.encoded().withUnsafeBytes { Digest.leaf($0) }
            return entry
        }
    }

    static func verify(
        _ directory: TemporaryDirectory, _ pins: LogPins = LogPins()
    ) -> (summary: VerifySummary, findings: [Finding], infos: [InfoCode]) {
        var findings: [Finding] = []
        var infos: [InfoCode] = []
        let summary = Verifier.run(directory: directory.path, deep: false, pins: pins) { event in
            switch event {
            case .finding(let finding): findings.append(finding)
            case .info(let code, _, _): infos.append(code)
            case .segment: break
            }
        }
        return (summary, findings, infos)
    }

    static func pins(
        _ key: VerifierKey?, trusted: SignedCheckpoint? = nil, witnesses: [VerifierKey] = []
    ) -> LogPins {
        var pins = LogPins()
        pins.key = key
        pins.trusted = trusted
        pins.keepsTrust = trusted != nil
        pins.witnesses = witnesses
        return pins
    }
}

extension TemporaryDirectory {
    func log(_ name: String) -> String { path + "/log/" + name }

    func readLog(_ name: String) throws -> [UInt8] { try FileBytes.read(log(name)) }

    func writeLog(_ bytes: [UInt8], _ name: String) throws {
        try FileBytes.write(bytes, log(name))
    }
}
