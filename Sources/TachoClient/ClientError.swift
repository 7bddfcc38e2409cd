/// Why a request has no reply that can be used.
package enum ClientError: Error, Equatable, Sendable {
    /// Nothing listens there, or it does not answer in time.
    case notReachable(ServerAddress, reason: String)
    /// Files of this side cannot be used; no connection was tried.
    case unusable(reason: String)
    /// The connection ended before the reply: the request may or may not have been carried out.
    case lost(ServerAddress)
    /// `-TRYAGAIN <ms> <reason>`: the request was not carried out.
    case tryAgain(afterMs: Int, reason: String)
    /// Any other error reply: the request was not carried out.
    case refused(String)
    /// What came back is no reply to what was asked: another kind of server, or another version.
    case notUnderstood(ServerAddress, reason: String)

    /// The same as one line for people and an exit status.
    package var failure: ToolFailure {
        switch self {
        case .notReachable(let address, let reason):
            ToolFailure(
                ExitStatus.notReachable,
                "no server at \(address) (\(reason)): start tachod or correct the address")
        case .unusable(let reason): ToolFailure(ExitStatus.error, reason)
        case .lost(let address):
            ToolFailure(
                ExitStatus.notReachable,
                "the connection to \(address) was lost: repeat the command, repeating is safe")
        case .tryAgain(let afterMs, let reason):
            ToolFailure(
                ExitStatus.tryAgain,
                "the server is busy (\(reason)): try again in \(afterMs) ms")
        case .refused(let message):
            ToolFailure(ExitStatus.error, "the server refused: \(message)" + Self.remedy(message))
        case .notUnderstood(let address, let reason):
            ToolFailure(
                ExitStatus.notReachable,
                "\(address) answers what this version does not understand (\(reason)):"
                    + " is it a tachod of the same version?")
        }
    }

    private static func remedy(_ message: String) -> String {
        guard message.hasPrefix("NOAUTH") || message.hasPrefix("WRONGPASS") else { return "" }
        return " Log in by --user and --password-file, or \(Credentials.userVariable) and"
            + " \(Credentials.passwordFileVariable)."
    }

    /// Nobody waits longer because a server said so.
    static let longestTryAgainMs = 3_600_000

    /// The same where it is about a server that is full or stops: that is as good as none, and goes
    /// away by itself.
    func asAbsence(of address: ServerAddress) -> ClientError {
        guard case .refused(let message) = self else { return self }
        let passing = ["max number of clients reached", "the server stops", "stopped"]
        guard passing.contains(where: { message.hasPrefix($0) }) else { return self }
        return .notReachable(address, reason: message)
    }

    /// Reads the line of an error reply, without its `-`.
    static func errorReply(_ line: String) -> ClientError {
        let words = line.split(separator: " ", maxSplits: 2)
        if words.count >= 2, words[0] == "TRYAGAIN", let ms = Int(words[1]), ms >= 0 {
            return .tryAgain(
                afterMs: min(ms, longestTryAgainMs),
                reason: words.count > 2 ? String(words[2]) : "overload")
        }
        if words.count >= 2, words[0] == "ERR" { return .refused(String(line.dropFirst(4))) }
        return .refused(line)
    }
}
