import TachoGeo

/// `HELLO [2|3 [AUTH user password] [SETNAME name]]`.
package struct HelloRequest: Equatable, Sendable {
    /// nil: the one the connection has.
    package var version: RespVersion?
    /// Which argument names the user.
    package var userArgument: Int?
    package var passwordArgument: Int?
    package var clientName: [UInt8]?

    package init(version: RespVersion? = nil) { self.version = version }

    package var auth: AuthRequest? {
        guard let userArgument, let passwordArgument else { return nil }
        return AuthRequest(userArgument: userArgument, passwordArgument: passwordArgument)
    }

    static func parse(_ arguments: Arguments) throws(CommandError) -> HelloRequest {
        var hello = HelloRequest()
        guard arguments.count > 1 else { return hello }
        guard let number = Decimal.integer(arguments[1]) else {
            throw .notInteger(what: "Protocol version", text: arguments.shown(1))
        }
        guard let version = RespVersion(rawValue: Int(number)) else { throw .noProtocol }
        hello.version = version
        var i = 2
        while i < arguments.count {
            if arguments.isWord(i, "AUTH"), i + 2 < arguments.count {
                hello.userArgument = i + 1
                hello.passwordArgument = i + 2
                i += 3
            } else if arguments.isWord(i, "SETNAME"), i + 1 < arguments.count {
                hello.clientName = try ClientCommand.name(arguments, i + 1)
                i += 2
            } else {
                throw .syntax
            }
        }
        return hello
    }
}
