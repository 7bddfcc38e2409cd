package import Logging
import Synchronization

/// From which level on is logged, of all loggers of the process; can be another one while it runs.
package final class LogLevel: Sendable {
    private let index: Atomic<Int>

    package init(_ level: Logger.Level) { index = Atomic(Self.index(of: level)) }

    package var now: Logger.Level {
        get { Logger.Level.allCases[index.load(ordering: .relaxed)] }
        set { index.store(Self.index(of: newValue), ordering: .relaxed) }
    }

    private static func index(of level: Logger.Level) -> Int {
        Logger.Level.allCases.firstIndex(of: level)!
    }

    /// What `handler` writes, from this level on.
    package func handler(_ handler: some LogHandler) -> any LogHandler {
        var handler = handler
        // This one decides.
        handler.logLevel = .trace
        return LeveledHandler(level: self, handler: handler)
    }
}

private struct LeveledHandler<Handler: LogHandler>: LogHandler {
    let level: LogLevel
    var handler: Handler
    /// Of a logger that is to say less than all others.
    private var own: Logger.Level?

    init(level: LogLevel, handler: Handler) {
        self.level = level
        self.handler = handler
    }

    var logLevel: Logger.Level {
        get { own.map { max($0, level.now) } ?? level.now }
        set { own = newValue }
    }

    var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) { handler.log(event: event) }
}
