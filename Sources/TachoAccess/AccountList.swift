/// The users of a server, by name. A value that is exchanged whole when the file is read again.
package struct AccountList: Sendable {
    /// In the order of the file.
    package let users: [AccessUser]
    private let byName: [String: AccessUser]
    /// What a password of an unknown user is checked against.
    package let nobody: PasswordHash

    package init(_ users: [AccessUser]) {
        self.users = users
        byName = Dictionary(users.map { ($0.name, $0) }) { first, _ in first }
        let hashes = users.compactMap { user -> PasswordHash? in
            if case .password(let hash) = user.login { hash } else { nil }
        }
        nobody = PasswordHash.nobody(like: hashes.first)
    }

    package subscript(name: String) -> AccessUser? { byName[name] }

    /// The user that AUTH without a name means.
    package static let usualName = "default"
    package static let maxUsers = 10_000
}
