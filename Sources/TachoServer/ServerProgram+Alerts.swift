import Logging
import TachoEngine
import TachoNotify

/// Who delivers alerts. Both say what is wrong on standard error and give nil.
extension ServerProgram {
    /// What is in files, before the data directory is opened.
    static func notifyMaterial(_ options: NotifyOptions) -> NotifyMaterial? {
        do {
            return try NotifyMaterial(options)
        } catch {
            complain(error.message)
            return nil
        }
    }

    static func notifier(
        _ material: NotifyMaterial, _ engine: Engine, _ nowMs: @escaping @Sendable () -> Int64,
        _ logger: Logger
    ) -> Notifier? {
        do {
            return try Notifier.start(material, engine: engine, nowMs: nowMs, logger: logger)
        } catch {
            complain(error.message)
            return nil
        }
    }
}
