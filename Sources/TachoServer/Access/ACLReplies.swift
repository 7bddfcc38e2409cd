import TachoAccess
import TachoWire

/// ACL: who this is, who there is, and what roles are for.
extension ConnectionHandler {
    func run(_ command: ACLCommand) {
        switch command {
        case .whoAmI: output.bulk(userName)
        case .list:
            let lines =
                service.gate.accounts?.users.map(\.line)
                ?? ["user \(AccountList.usualName) role admin from this machine only"]
            output.array(lines.count)
            for line in lines { output.bulk(line) }
        case .categories(nil):
            output.array(Role.allCases.count)
            for role in Role.allCases { output.bulk(role.rawValue) }
        case .categories(let name?):
            let text = String(decoding: name, as: UTF8.self).lowercased()
            guard let role = Role(rawValue: text) else {
                return output.error(
                    "ERR Unknown category '\(Arguments.shown(name))', one of "
                        + Role.allCases.map(\.rawValue).joined(separator: ", ") + " expected")
            }
            let names = AccessTable.standard.names(of: role)
            output.array(names.count)
            for name in names { output.bulk(name) }
        case .help:
            output.array(ACLCommand.helpLines.count)
            for line in ACLCommand.helpLines { output.status(line) }
        }
    }
}

extension Arguments {
    fileprivate static func shown(_ text: [UInt8]) -> String { text.withUnsafeBytes { shown($0) } }
}
