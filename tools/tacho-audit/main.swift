import ArgumentParser
import TachoAudit

// Not the parser's own main: its exit code for wrong usage is 64, an auditor's is 1.
do {
    var command = try AuditCommand.parseAsRoot()
    try command.run()
    StandardOutput.exit(.verified)
} catch let code as ExitCode {
    StandardOutput.exit(AuditExit(rawValue: code.rawValue) ?? .usage)
} catch {
    if AuditCommand.exitCode(for: error).isSuccess {
        print(AuditCommand.fullMessage(for: error))
        StandardOutput.exit(.verified)
    }
    Failure.print(AuditCommand.message(for: error))
    StandardOutput.exit(.usage)
}
