/// Exit codes of every program, for users and scripts.
package enum ExitStatus {
    package static let success: Int32 = 0
    /// Any error without a number of its own: an unknown rider, a file that is not there.
    package static let error: Int32 = 1
    /// Wrong words on the command line.
    package static let usage: Int32 = 64
    /// The input holds nothing valid at all.
    package static let badData: Int32 = 65
    /// The server is not reachable, or the connection broke.
    package static let notReachable: Int32 = 69
    package static let cannotCreate: Int32 = 73
    package static let ioError: Int32 = 74
    /// Busy, in use or overloaded: the same command can succeed later.
    package static let tryAgain: Int32 = 75
    /// Stopped by Ctrl-C: 128 + SIGINT, as shells do.
    package static let interrupted: Int32 = 130
}

/// Why a program ends with an exit status other than 0: one line that says what to do.
package struct ToolFailure: Error, Equatable, Sendable {
    package let status: Int32
    package let message: String

    package init(_ status: Int32, _ message: String) {
        self.status = status
        self.message = message
    }
}
