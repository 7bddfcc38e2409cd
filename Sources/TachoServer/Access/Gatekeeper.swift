import Logging
import NIOCore
import TachoAccess

/// Users as the event loop knows them: who may come in, who waits for a password to be checked, and
/// what each user's connections have left of their rate. Lives on the loop.
final class Gatekeeper {
    /// Whose answer is due.
    enum Waiter {
        case connection(UInt64, ticket: UInt64)
        /// Somebody who is no connection of this loop; nil: the password is wrong.
        case caller(@Sendable (AccessUser?) -> Void)
    }

    enum Answer {
        /// The password was checked before.
        case known(AccessUser)
        /// The waiter hears of it.
        case waits
        /// Too many passwords are being checked.
        case busy
    }

    /// A password that is being checked; all who say the same one meanwhile wait for it together.
    private struct Check {
        var name: String
        /// What it is checked against; nil: nothing, there is no such user.
        var stored: PasswordHash?
        var mark: [UInt8]
        /// Without the port, as those of the waiters.
        var address: String
        var waiters: [(waiter: Waiter, address: String)]
    }

    /// nil: no users are configured, and all who can connect may do everything.
    private(set) var accounts: AccountList?
    /// Look-ups by staff.
    let records: AccessLog?
    private var memory = PasswordMemory()
    private var attempts = FailedAttempts()
    private let checker = PasswordChecker()
    private let mailbox: LoopMailbox
    private var checks: [UInt64: Check] = [:]
    private var byMark: [[UInt8]: UInt64] = [:]
    private var lastCheck: UInt64 = 0
    /// Answers to wrong passwords, since the start.
    private(set) var failedLogins = 0
    private var buckets: [String: RateBucket] = [:]

    /// Of the checks that may wait, one address has no more.
    private static let checksOfAddress = 8

    init(_ accounts: AccountList?, records: AccessLog?, mailbox: LoopMailbox) {
        self.accounts = accounts
        self.records = records
        self.mailbox = mailbox
    }

    // MARK: Passwords

    /// Looks whether the password is right; `waits` says who is to be told if that takes time. Unknown users, those
    /// who have no password and wrong passwords take the same way.
    func check(
        _ name: String, _ password: [UInt8], address: String, waits: () -> Waiter
    ) -> Answer {
        guard let accounts else { return .busy }
        let user = accounts[name]
        var stored: PasswordHash?
        if case .password(let hash)? = user?.login { stored = hash }
        let mark = memory.mark(name, stored ?? accounts.nobody, password)
        if let user, stored != nil, memory.knows(name, mark) { return .known(user) }
        if let number = byMark[mark] {
            checks[number]?.waiters.append((waits(), address))
            return .waits
        }
        guard checks.values.count(where: { $0.address == address }) < Self.checksOfAddress else {
            return .busy
        }
        let number = lastCheck + 1
        let mailbox = mailbox
        let isTaken = checker.check(password, stored ?? accounts.nobody) { isRight in
            mailbox.post(.checked(number: number, isRight: isRight))
        }
        guard isTaken else { return .busy }
        lastCheck = number
        byMark[mark] = number
        checks[number] = Check(
            name: name, stored: stored, mark: mark, address: address,
            waiters: [(waits(), address)])
        return .waits
    }

    /// Who waited for a check, and as whom they come in; nil: they do not. A user whose password was
    /// changed meanwhile does not either.
    func finish(
        _ number: UInt64, isRight: Bool
    ) -> (user: AccessUser?, waiters: [(waiter: Waiter, address: String)]) {
        guard let check = checks.removeValue(forKey: number) else { return (nil, []) }
        byMark[check.mark] = nil
        guard isRight, let stored = check.stored, let user = accounts?[check.name],
            user.login == .password(stored)
        else { return (nil, check.waiters) }
        memory.remember(check.name, check.mark)
        return (user, check.waiters)
    }

    /// A wrong password: how long the answer is kept back.
    func failed(_ address: String, nowMs: Int64) -> Int64 {
        failedLogins += 1
        return attempts.failed(address, nowMs: nowMs)
    }

    // MARK: Rates

    /// nil: the user may; otherwise after how many ms.
    func take(_ cost: Int, _ user: AccessUser, nowNs: UInt64) -> Int? {
        guard let limit = user.rate else { return nil }
        return buckets[user.name, default: RateBucket(limit, nowNs: nowNs)].take(cost, nowNs: nowNs)
    }

    // MARK: Another file

    /// Rates begin anew for those whose limit is another one.
    func replace(_ accounts: AccountList) {
        if let old = self.accounts {
            buckets = buckets.filter { old[$0.key]?.rate == accounts[$0.key]?.rate }
        }
        memory.keep(only: accounts)
        self.accounts = accounts
    }
}

extension RespService {
    /// The password of some connections was checked. Wrong ones are told when it is time.
    func checked(_ number: UInt64, _ isRight: Bool) -> [ConnectionHandler] {
        let (user, waiters) = gate.finish(number, isRight: isRight)
        var touched: [ConnectionHandler] = []
        for (waiter, address) in waiters {
            if case .connection(let id, _) = waiter, connections[id] == nil { continue }
            // One place for RESP and HTTP, so that no guess comes without its address.
            if user == nil { logger.info("wrong password from \(address)") }
            let delayMs = user == nil ? gate.failed(address, nowMs: nowMs()) : 0
            guard delayMs > 0 else {
                if let connection = answer(waiter, user) { touched.append(connection) }
                continue
            }
            loop.assumeIsolated().scheduleTask(in: .milliseconds(delayMs)) { [weak self] in
                self?.answer(waiter, nil)?.goOn()
            }
        }
        return touched
    }

    /// The connection that should `goOn`, if it is one.
    private func answer(
        _ waiter: Gatekeeper.Waiter, _ user: AccessUser?
    ) -> ConnectionHandler? {
        switch waiter {
        case .caller(let done):
            done(user)
            return nil
        case .connection(let id, let ticket):
            guard let connection = connections[id], connection.loginAnswered(ticket, user) else {
                return nil
            }
            return connection
        }
    }

    /// Users as a new file has them: who is gone is closed, the others go on under their new rules, but
    /// for what they have begun and may not any more.
    func reload(_ accounts: AccountList) {
        guard gate.accounts != nil else { return }
        gate.replace(accounts)
        var closed = 0
        for connection in Array(connections.values) {
            if !connection.reload(accounts) {
                closed += 1
                connection.closeNow()
            }
        }
        logger.notice("users read again: \(accounts.users.count), \(closed) connections closed")
    }
}
