import TachoAudit

// The C stream is a global variable; here one thread is left when it is looked at.
#if canImport(Glibc)
    @preconcurrency import Glibc
#else
    @preconcurrency import Darwin
#endif

/// Where results go.
enum StandardOutput {
    /// Ends the program. A result that could not be written is exit 5, however well it went.
    static func exit(_ code: AuditExit) -> Never {
        let isFlushed = fflush(stdout) == 0
        let number = errno
        guard isFlushed && ferror(stdout) == 0 else {
            let why = isFlushed ? "it was not written whole" : String(cString: strerror(number))
            Failure.print("write standard output: \(why); make room or mend that and run again")
            leave(code.worst(.inputOutput).rawValue)
        }
        leave(code.rawValue)
    }

    private static func leave(_ code: Int32) -> Never {
        #if canImport(Glibc)
            Glibc.exit(code)
        #else
            Darwin.exit(code)
        #endif
    }
}
