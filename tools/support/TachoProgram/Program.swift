package import ArgumentParser
internal import TachoClient
internal import TachoWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What every program does around its command: one line per error, and the exit status.
package enum Program {
    package static var version: String { Release.version }

    /// Parses the command line, runs the command and ends the process.
    package static func run<Root: ParsableCommand>(_ root: Root.Type) -> Never {
        let name = root.configuration.commandName ?? "tacho"
        do {
            var command = try root.parseAsRoot()
            try command.run()
            guard StandardOutput.isWritten() else {
                say("\(name): standard output was not written whole; make room and run again")
                exit(ExitStatus.ioError)
            }
            exit(ExitStatus.success)
        } catch let failure as ToolFailure {
            say("\(name): \(failure.message)")
            exit(failure.status)
        } catch let code as ExitCode {
            exit(code.rawValue)
        } catch {
            if root.exitCode(for: error) == .success { root.exit(withError: error) }
            // The parser's own text goes on with a usage summary; one line is what was promised.
            let line = root.message(for: error).split(separator: "\n").first ?? "bad arguments"
            say("\(name): \(line) (see \(name) --help)")
            exit(ExitStatus.usage)
        }
    }

    /// One line on standard error.
    package static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(2, $0.baseAddress! + done, $0.count - done) }
            // Nobody to tell that standard error is gone.
            guard count > 0 || errno == EINTR else { return }
            done += max(0, count)
        }
    }
}
