package import TachoGeo

/// Why a well-formed request is no command that can be run. The connection goes on.
package enum CommandError: Error, Equatable, Sendable {
    case unknown(String)
    case arity(CommandName)
    case unknownSubcommand(CommandName, String)
    case syntax
    /// `what` must be an integer, `text` was sent.
    case notInteger(what: String, text: String)
    /// T.ADD only: batches answer a mask instead.
    case malformed(Malformed, value: String)
    case unevenTuples(CommandName, width: Int)
    case packed(PackedDefect)
    case invalidSession
    /// The session was answered up to `last`, and older replies are not remembered.
    case oldSequence(Int64, last: Int64)
    case area(AreaError)
    case fence(FenceError)
    /// A text or time that no order can have.
    case order(String)
    case view(ViewError)
    case trackNumber(TrackNumberError)
    case badOption(String, value: String, expected: String)
    case invalidStreamID
    case unevenStreams
    /// Word by word what Redis says.
    case asRedis(String)
    case notAvailable(String)
    case noProtocol
    /// The connection hears messages, and in RESP2 can do nothing else.
    case subscribed
    case invalidDatabase
    case wrongPassword
    case noPassword
    case invalidClientName
    /// Users are configured, and the connection has said none.
    case notLoggedIn
    /// The user may not, in words of `NOPERM`.
    case notPermitted(String)
    case tryAgain(ms: Int, String)

    /// One line for the client, without the leading `-`.
    package var message: String {
        switch self {
        case .unknown(let name): "ERR unknown command '\(name)'"
        case .arity(let name): "ERR wrong number of arguments for '\(name.shown)' command"
        case .unknownSubcommand(let name, let sub):
            "ERR unknown subcommand '\(sub)' for '\(name.rawValue)' command"
        case .syntax: "ERR syntax error"
        case .notInteger(let what, let text):
            "ERR \(what) '\(text)' is not an integer or out of range"
        case .malformed(let reason, let value): "ERR " + reason.message(value: value)
        case .unevenTuples(let name, let width):
            "ERR wrong number of arguments for '\(name.rawValue)' command,"
                + " \(width) for each fix expected"
        case .packed(let defect): "ERR " + defect.message
        case .invalidSession:
            "ERR SESSION needs an id of 1 to \(WireLimits.maxSessionBytes) bytes"
        case .oldSequence(let sequence, let last):
            "ERR SEQ \(sequence) is older than \(last), the last one answered in this session;"
                + " send it without SESSION to store it again"
        case .area(let error): "ERR \(error)"
        case .fence(let error): "ERR \(error)"
        case .order(let defect): "ERR \(defect)"
        case .view(let error): error.message
        case .trackNumber(let error): "ERR \(error)"
        case .badOption(let option, let value, let expected):
            "ERR \(option) '\(value)' is not known, \(expected) expected"
        case .invalidStreamID:
            "ERR Invalid stream ID specified as stream command argument"
        case .unevenStreams:
            "ERR Unbalanced 'XREAD' list of streams:"
                + " for each stream key an ID or '$' must be specified."
        case .asRedis(let message): message
        case .notAvailable(let what): "ERR \(what)"
        case .noProtocol: "NOPROTO unsupported protocol version"
        case .subscribed:
            "ERR this connection hears messages: only (P)SUBSCRIBE, (P)UNSUBSCRIBE, PING, QUIT and RESET "
                + "are allowed on it, use another one"
        case .invalidDatabase: "ERR DB index is out of range"
        case .wrongPassword: "WRONGPASS invalid username-password pair or user is disabled."
        case .noPassword:
            "ERR AUTH <password> called without any password configured for the default user."
                + " Are you sure your configuration is correct?"
        case .invalidClientName:
            "ERR Client names cannot contain spaces, newlines or special characters."
        case .notLoggedIn: "NOAUTH Authentication required."
        case .notPermitted(let message): message
        case .tryAgain(let ms, let reason): "TRYAGAIN \(ms) \(reason)"
        }
    }
}
