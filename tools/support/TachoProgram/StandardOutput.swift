// The C stream is a global variable; one thread is left when it is looked at.
#if canImport(Glibc)
    @preconcurrency import Glibc
#else
    @preconcurrency import Darwin
#endif

enum StandardOutput {
    /// Writes out what the stream holds; whether everything it was given is written.
    static func isWritten() -> Bool { fflush(stdout) == 0 && ferror(stdout) == 0 }
}
