import Logging
import TachoEngine

/// What SIGHUP does with a file of settings: what can change at once does, of the rest the log says that
/// it needs a restart. A file with a mistake changes nothing.
package final class SettingsReload: @unchecked Sendable {
    private let arguments: [String]
    private let level: LogLevel?
    /// As the process runs with them. The main thread's alone.
    private var inForce: GivenSettings

    package init(arguments: [String], given: GivenSettings, level: LogLevel? = nil) {
        self.arguments = arguments
        inForce = given
        self.level = level
    }

    /// Where settings are read from; nil: from the command line alone.
    package var path: String? { inForce.settings.config }

    enum Outcome: Equatable {
        case unchanged
        case applied([String], needRestart: [String])
        case refused([String])
    }

    /// Reads the file again and hands what changed to whom it concerns.
    func perform(_ engine: Engine, _ server: RespServer, _ logger: Logger) -> Outcome {
        let outcome = read()
        switch outcome {
        case .unchanged: break
        case .refused(let mistakes):
            for mistake in mistakes { logger.error("settings stay as they are: \(mistake)") }
        case .applied(let applied, let needRestart):
            let settings = inForce.settings
            level?.now = settings.logLevel
            engine.tune(settings.engine.tuning)
            server.setSlow(microseconds: settings.limits.slowMicroseconds)
            if !applied.isEmpty {
                logger.notice("settings in force: \(applied.joined(separator: ", "))")
            }
            for name in needRestart { logger.warning("\(name): changed, needs a restart") }
        }
        return outcome
    }

    /// `inForce` is what is then: new where it can be, old where it cannot.
    func read() -> Outcome {
        let new = GivenSettings(arguments)
        let mistakes = new.problems + SettingsCheck.together(new)
        guard mistakes.isEmpty else { return .refused(mistakes.map(\.message)) }
        var (applied, needRestart): ([String], [String]) = ([], [])
        for option in OptionTable.all where option.kind != .action {
            let texts = new.texts(of: option.name)
            guard texts != inForce.texts(of: option.name) else { continue }
            let shown = texts.isEmpty ? "as without it" : texts.joined(separator: ", ")
            if option.reload == .applied {
                applied.append("\(option.name) (\(shown))")
            } else {
                needRestart.append(option.name)
            }
        }
        if applied.isEmpty && needRestart.isEmpty { return .unchanged }
        inForce = inForce.following(new)
        return .applied(applied, needRestart: needRestart)
    }
}

extension GivenSettings {
    /// As `new` says where that can be at once, as before elsewhere.
    func following(_ new: GivenSettings) -> GivenSettings {
        func isApplied(_ entry: Entry) -> Bool {
            OptionTable.find(entry.name)?.reload == .applied
        }
        return GivenSettings(
            entries.filter { !isApplied($0) } + new.entries.filter { isApplied($0) })
    }
}
