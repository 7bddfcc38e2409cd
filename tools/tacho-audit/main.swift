import ArgumentParser
import TachoAudit

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// Not the parser's own main: its exit code for wrong usage is 64, an auditor's is 1.
do {
    var command = try AuditCommand.parseAsRoot()
    try command.run()
} catch let code as ExitCode {
    exit(code.rawValue)
} catch {
    if AuditCommand.exitCode(for: error).isSuccess {
        print(AuditCommand.fullMessage(for: error))
        exit(AuditExit.verified.rawValue)
    }
    Failure.print(AuditCommand.message(for: error))
    exit(AuditExit.usage.rawValue)
}
