import Logging
import NIOCore
import TachoAccess
import TachoEngine
import TachoGeo
import TachoWire

/// As whom a connection acts.
struct ConnectionAccess {
    /// nil: nobody yet, or no users are configured.
    var user: AccessUser?
    /// What may be run without another look: all where no users are configured.
    var free = CommandSet.all
    var isLoggedIn = true
    /// What is answered when the password is checked.
    var pending: PendingLogin?
    /// Ends a connection that has not logged in.
    var deadline: Scheduled<Void>?
    /// Of replies since then.
    var strangerBytes = 0

    enum PendingLogin {
        case auth
        case hello(HelloRequest)
    }
}

// MARK: - Logging in

extension ConnectionHandler {
    /// Where users are configured, a new connection and one that RESET has logged out is nobody's, and
    /// has so long to change that.
    func logOut() {
        guard service.gate.accounts != nil, let context else { return }
        access.deadline?.cancel()
        access = ConnectionAccess(user: nil, free: CommandSet(), isLoggedIn: false)
        setLoggedIn(false)
        let seconds = service.limits.loginSeconds
        access.deadline = context.eventLoop.assumeIsolated().scheduleTask(
            in: .seconds(Int64(seconds))
        ) { [weak self] in
            self?.refuseNow("ERR no AUTH within \(seconds) s, connect again and log in first")
        }
        loginByCertificate()
    }

    func become(_ user: AccessUser) {
        access.deadline?.cancel()
        access = ConnectionAccess(user: user, free: user.free, isLoggedIn: true)
        setLoggedIn(true)
        if !hearsOnly(user) { unsubscribeFromAll() }
    }

    /// Before a request of somebody who has not logged in.
    func checkStranger(_ arguments: Arguments) throws(CommandError) {
        switch CommandName.find(arguments[0]) {
        case .hello, .auth, .quit, .reset: break
        default: throw .notLoggedIn
        }
    }

    /// AUTH, and HELLO with it.
    func login(
        _ auth: AuthRequest, _ arguments: Arguments, _ pending: ConnectionAccess.PendingLogin
    ) {
        let named = auth.userArgument.map { String(decoding: arguments[$0], as: UTF8.self) }
        guard service.gate.accounts != nil else { return loginWithoutUsers(named, pending) }
        let address = context?.remoteAddress?.ipAddress ?? "?"
        let answer = service.gate.check(
            named ?? AccountList.usualName, arguments.copy(auth.passwordArgument),
            address: address, waits: { .connection(id, ticket: state.startAnswer()) })
        switch answer {
        case .known(let user):
            become(user)
            answerLogin(pending)
        case .waits: access.pending = pending
        case .busy:
            output.error("TRYAGAIN 1000 too many passwords are being checked")
        }
    }

    /// As Redis: the user `default` may come in with any password.
    private func loginWithoutUsers(
        _ named: String?, _ pending: ConnectionAccess.PendingLogin
    ) {
        if let named {
            guard named == AccountList.usualName else {
                return output.error(CommandError.wrongPassword.message)
            }
            answerLogin(pending)
        } else {
            output.error(CommandError.noPassword.message)
        }
    }

    private func answerLogin(_ pending: ConnectionAccess.PendingLogin) {
        switch pending {
        case .auth: output.simple("OK")
        case .hello(let request): hello(request)
        }
    }

    /// The password was checked; nil: it was wrong. True if the connection should `goOn`.
    func loginAnswered(_ ticket: UInt64, _ user: AccessUser?) -> Bool {
        guard state.answered(ticket), let pending = access.pending else { return false }
        access.pending = nil
        if let user {
            become(user)
            answerLogin(pending)
        } else {
            let before = output.count
            output.error(CommandError.wrongPassword.message)
            access.strangerBytes += output.count - before
        }
        endTimed()
        return true
    }

    /// Whether what is heard of riders is the user's.
    private func hearsOnly(_ user: AccessUser) -> Bool {
        guard let subscriber else { return true }
        return user.free.contains(.subscribe) && user.free.contains(.patternSubscribe)
            || !user.prefixes.isEmpty && subscriber.riders.allSatisfy { user.prefixes.contain($0) }
                && subscriber.patterns.allSatisfy {
                    user.prefixes.contain(pattern: $0.text, channel: SubscribeCommand.prefix)
                }
    }

    /// The file of users was read again. False: the connection has to end.
    func reload(_ accounts: AccountList) -> Bool {
        guard let old = access.user else { return true }
        guard let user = accounts[old.name] else { return false }
        let isInTheMiddle = blocked != nil || groupRead != nil || subscriber != nil
        guard old.maySame(as: user) || !isInTheMiddle else { return false }
        access.user = user
        access.free = user.free
        return true
    }
}

// MARK: - Asking

extension ConnectionHandler {
    /// Throws if the user may not run the command, whatever is in the request.
    func checkCommand(
        _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) {
        if let user = access.user,
            let refusal = Authorisation.standard.refusal(user, name, arguments)
        {
            throw .notPermitted(refusal.message(user))
        }
    }

    /// Throws if the user may not, not now, or if the look-up cannot be put on record.
    func authorise(
        _ name: CommandName, _ command: Command, _ arguments: Arguments
    ) throws(CommandError) {
        guard let user = access.user else { return }
        switch Authorisation.standard.check(user, name, command, arguments) {
        case .refused(let refusal): throw .notPermitted(refusal.message(user))
        case .allowed(let isRecorded, let cost):
            let nowNs = NIODeadline.now().uptimeNanoseconds
            if let ms = service.gate.take(cost, user, nowNs: nowNs) {
                throw .tryAgain(ms: ms, "user \(user.name) has used up its rate")
            }
            if isRecorded { try record(user, name, arguments) }
        }
    }

    private func record(
        _ user: AccessUser, _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) {
        guard let records = service.gate.records else { return }
        let hasRider = name.isAboutRider && arguments.count > 1
        let first = hasRider ? 2 : 1
        let last = min(arguments.count, first + Self.recordedArguments)
        let record = AccessRecord(
            atMs: service.nowMs(), user: user.name, from: session.address, command: name.rawValue,
            rider: hasRider ? arguments.copy(1) : nil,
            arguments: (first..<max(first, last)).map { Array(arguments[$0].prefix(256)) })
        do {
            try records.append(record)
        } catch {
            service.logger.critical("\(error.message): look-ups of history are refused")
            throw .tryAgain(ms: 1_000, "the look-up cannot be put on record")
        }
    }

    private static let recordedArguments = 32

    /// Riders that may be told of; nil: all.
    var shownRiders: RiderPrefixes? {
        guard let prefixes = access.user?.prefixes, !prefixes.isEmpty else { return nil }
        return prefixes
    }

    var userName: String { access.user?.name ?? AccountList.usualName }
}

extension CommandName {
    /// Argument 1 is a rider.
    fileprivate var isAboutRider: Bool {
        switch self {
        case .range, .length, .position, .distance, .trips, .stops, .explain: true
        default: false
        }
    }
}
