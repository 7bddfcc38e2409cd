package import TachoClient
import Dispatch
import Synchronization
package import TachoEngine
package import TachoGeo

/// Commands carried out by an engine in this process.
package final class LocalTarget: Target {
    let engine: Engine
    private let nowMs: @Sendable () -> Int64

    package init(_ engine: Engine, nowMs: @escaping @Sendable () -> Int64) {
        self.engine = engine
        self.nowMs = nowMs
    }

    package func store(_ batch: FixBatch) -> PendingMasks {
        let answer = Answer<Result<[ReplyMask], AppendError>>()
        engine.submit(batch, receivedAtMs: nowMs()) { answer.give($0) }
        return PendingMasks {
            answer.wait().mapError { error in
                switch error {
                case .tryAgain(let afterMs, let reason): .tryAgain(afterMs: afterMs, reason: reason)
                case .stopped(let reason): .failed(Self.stopped(reason))
                case .unreadable: .failed(ToolFailure(ExitStatus.ioError, error.description))
                }
            }
        }
    }

    package func latest(_ riders: [[UInt8]]) -> [FixRow?] {
        riders.map { rider in
            rider.withUnsafeBytes { engine.latest(rider: $0, raw: false) }.map { Self.row($0) }
        }
    }

    package func track(
        _ request: TrackRequest, after cursor: String?
    ) throws(ToolFailure) -> TrackRows {
        var query = TrackQuery(rider: request.rider)
        query.fromMs = request.fromMs ?? Int64.min
        query.toMs = request.toMs ?? Int64.max
        query.filter = request.filter
        query.limit = TrackRequest.pageFixes
        query.after = cursor.flatMap { TrackCursor($0) }
        query.simplifyMm = request.simplifyMm
        do {
            let page = try engine.track(query)
            return TrackRows(
                rows: page.fixes.map { Self.row($0) }, next: page.next?.text,
                isKnownRider: page.isKnownRider)
        } catch {
            throw Self.failure(error)
        }
    }

    package func seal() throws(ToolFailure) -> [SealRow] {
        do {
            return try engine.seal().map { range in
                SealRow(
                    segment: Int64(range.segment), points: Int64(range.points),
                    sha256: Self.hexadecimal(range.sha256))
            }
        } catch {
            switch error {
            case .stopped(let reason): throw Self.stopped(reason)
            case .refused(let what):
                throw ToolFailure(
                    ExitStatus.error,
                    "not sealed: \(what); run tacho-audit verify, then ask for help")
            }
        }
    }

    package func stats() -> [StatRow] {
        engine.stats().map { entry in
            switch entry.value {
            case .integer(let value): StatRow(name: entry.name, value: String(value))
            case .real(let value): StatRow(name: entry.name, value: Self.text(value))
            }
        }
    }

    package func close() throws(ToolFailure) {
        do {
            try engine.close()
        } catch {
            throw Self.stopped("\(error)")
        }
    }

    /// The shortest decimal text of a statistic; a whole number without a fraction.
    static func text(_ real: Double) -> String {
        let text = "\(real)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func row(_ stored: StoredFix) -> FixRow {
        FixRow(fix: stored.fix, recvMs: stored.recvMs, verdict: stored.verdict.text)
    }

    static func failure(_ error: ReadError) -> ToolFailure {
        switch error {
        case .stopped(let reason): stopped(reason)
        case .tryAgain(let afterMs, let reason):
            ToolFailure(ExitStatus.tryAgain, "busy (\(reason)): try again in \(afterMs) ms")
        case .damaged(let what): damaged(what)
        case .segment: ToolFailure(ExitStatus.ioError, error.description)
        }
    }

    static func damaged(_ what: String) -> ToolFailure {
        ToolFailure(
            ExitStatus.ioError,
            "stored data are damaged (\(what)): check the disk, restore the directory")
    }

    static func stopped(_ reason: String) -> ToolFailure {
        ToolFailure(
            ExitStatus.ioError,
            "stopped by an I/O error (\(reason)): check the disk, then run the command again")
    }
}

/// A value that one thread gives and another waits for.
private final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func give(_ new: Value) {
        value.withLock { $0 = new }
        isThere.signal()
    }

    /// Once only.
    func wait() -> Value {
        isThere.wait()
        guard let value = value.withLock({ $0 }) else {
            preconditionFailure("signalled without a value")
        }
        return value
    }
}
