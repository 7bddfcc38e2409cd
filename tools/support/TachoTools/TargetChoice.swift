package import TachoClient
import TachoEngine

/// What the user named: a data directory or a server.
package enum TargetChoice: Equatable, Sendable {
    case data(String)
    case server(ServerAddress)

    /// The target to talk to. With `--data` the directory is opened for this process alone; if a
    /// `tachod` has it open, the command goes to that server.
    ///
    /// Opening comes first and the server's note is read second: so a note that a killed server
    /// left behind is never believed, and a starting server is never disturbed by a look at its
    /// lock. `creates`: a directory that does not exist is made.
    package func open(
        creates: Bool, access: ServerAccess = ServerAccess()
    ) throws(ToolFailure) -> any Target {
        switch self {
        case .server(let address): return try RemoteTarget(address, access: access)
        case .data(let directory):
            var options = EngineOptions(directory: directory)
            options.createIfMissing = creates
            // A tool seals when it is told to.
            options.rangeSeconds = 0
            let nowMs = options.nowMs
            do {
                return LocalTarget(try Engine.open(options), nowMs: nowMs)
            } catch {
                guard error.code == .inUse else {
                    throw ToolFailure(error.exitCode, error.message)
                }
                return try Self.openRunning(
                    directory, access, otherwise: error.message)
            }
        }
    }

    private static func openRunning(
        _ directory: String, _ access: ServerAccess, otherwise message: String
    ) throws(ToolFailure) -> any Target {
        guard let address = ServerNote.address(in: directory) else {
            throw ToolFailure(ExitStatus.tryAgain, message)
        }
        return try RemoteTarget(address, access: access)
    }

    /// Where lines that are no fix are kept unless the user names a file.
    package var rejectedPlace: RejectedLines.Place {
        switch self {
        case .data(let directory): .directory(directory + "/rejected")
        case .server: .workingDirectory
        }
    }
}
