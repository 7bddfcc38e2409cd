import Logging
import NIOCore
import Synchronization
import TachoAccess

/// What others of the same process ask the loop of RESP. Nil, or the answer of a stranger, when it has
/// stopped.
extension RespServer {
    enum Login: Sendable {
        case known(AccessUser)
        case wrong
        /// Too many passwords are being checked.
        case busy
    }

    var hasUsers: Bool? {
        get async { await ask { $0.gate.accounts != nil } }
    }

    func user(byCertificate name: String) async -> AccessUser? {
        let user = await ask { $0.gate.accounts?[name] }
        guard let user = user ?? nil, user.login == .certificate else { return nil }
        return user
    }

    /// Checks a password, as AUTH does: by the same memory, with the same bounds and delays.
    func login(_ name: String, _ password: [UInt8], address: String) async -> Login {
        await withCheckedContinuation { continuation in
            onLoop { service in
                guard let service else { return continuation.resume(returning: .busy) }
                let answer = service.gate.check(name, password, address: address) {
                    .caller { user in
                        continuation.resume(returning: user.map { .known($0) } ?? .wrong)
                    }
                }
                switch answer {
                case .known(let user): continuation.resume(returning: .known(user))
                case .busy: continuation.resume(returning: .busy)
                case .waits: break
                }
            }
        }
    }

    /// nil: the user may; otherwise after how many ms.
    func take(_ cost: Int, _ user: AccessUser) async -> Int? {
        let answer = await ask {
            $0.gate.take(cost, user, nowNs: NIODeadline.now().uptimeNanoseconds)
        }
        return answer ?? nil
    }

    /// Puts a look-up on record; why it could not be, or nil.
    func record(_ record: AccessRecord) async -> String? {
        let answer = await ask { service -> String? in
            guard let records = service.gate.records else { return nil }
            var record = record
            record.atMs = service.nowMs()
            do throws(AccessFailure) {
                try records.append(record)
                return nil
            } catch {
                service.logger.critical("\(error.message): look-ups of history are refused")
                return "the look-up cannot be put on record"
            }
        }
        return answer ?? "the server stops"
    }

    var figures: RespFigures? {
        get async { await ask { $0.figures } }
    }

    private func ask<T: Sendable>(_ body: @escaping @Sendable (RespService) -> T) async -> T? {
        await withCheckedContinuation { continuation in
            onLoop { continuation.resume(returning: $0.map(body)) }
        }
    }
}

/// What the loop of RESP counts.
struct RespFigures: Sendable {
    var connections: Int
    var connectionsLimit: Int
    var blocked: Int
    var accepted: Int
    var rejected: Int
    var commands: Int
    var slowCommands: Int
    var failedLogins: Int
    var heldInputBytes: Int
    var heldOutputBytes: Int
    var subscribers: Int
    var subscriptions: Int
}

extension RespService {
    var figures: RespFigures {
        RespFigures(
            connections: connections.count, connectionsLimit: limits.connections,
            blocked: blockedCount, accepted: totalConnections, rejected: rejectedConnections,
            commands: totalCommands, slowCommands: slowlog.total,
            failedLogins: gate.failedLogins, heldInputBytes: heldInputBytes,
            heldOutputBytes: heldOutputBytes,
            subscribers: connections.values.count { $0.subscriber != nil },
            subscriptions: positions.nameCount + positions.patternCount)
    }
}
