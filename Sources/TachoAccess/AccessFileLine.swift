import TachoWire

/// Reads one line of the file of users:
///
///     user NAME role ROLE[,ROLE…] [riders PREFIX[,PREFIX…]] [rate N/s [burst M]]
///         [commands +T.X,-T.Y] password scrypt:N:r:p:salt:hash | nopass-by-certificate
struct AccessFileLine {
    private var words: ArraySlice<Substring>
    private var roles: RoleSet?
    private var prefixes = RiderPrefixes()
    private var perSecond: Int?
    private var burst: Int?
    private var changes: [AccessUser.Change] = []
    private var login: AccessUser.Login?

    static let maxNameBytes = 64

    /// nil: there is nothing in the line but a comment.
    static func read(_ line: Substring) throws(AccessFailure) -> AccessUser? {
        let code = line.prefix { $0 != "#" }
        let words = code.split { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard !words.isEmpty else { return nil }
        var reader = AccessFileLine(words: words[...])
        return try reader.user()
    }

    private init(words: ArraySlice<Substring>) { self.words = words }

    private mutating func user() throws(AccessFailure) -> AccessUser {
        guard words.popFirst() == "user" else {
            throw AccessFailure("a line begins with: user NAME role ROLE")
        }
        let name = String(try next("user", "a name"))
        guard name.utf8.count <= Self.maxNameBytes, name.utf8.allSatisfy(Self.isNameByte) else {
            throw AccessFailure(
                "user \(name): names have letters, digits and . _ @ - and at most"
                    + " \(Self.maxNameBytes) bytes")
        }
        while let word = words.popFirst() { try option(String(word)) }
        guard let roles, !roles.isEmpty else {
            throw AccessFailure("user \(name) has no role, add one of: role " + Self.roleNames)
        }
        guard let login else {
            throw AccessFailure(
                "user \(name) has no password, add what tacho acl hash prints, or"
                    + " nopass-by-certificate")
        }
        guard prefixes.isEmpty || !roles.contains(.admin) else {
            throw AccessFailure("user \(name): role admin is for all riders, take one of both out")
        }
        guard burst == nil || perSecond != nil else {
            throw AccessFailure("user \(name): burst needs rate N/s")
        }
        return AccessUser(
            name: name, roles: roles, prefixes: prefixes,
            rate: perSecond.map { RateLimit(perSecond: $0, burst: burst) }, changes: changes,
            login: login)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "@"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static let roleNames = Role.allCases.map(\.rawValue).joined(separator: ",")

    private mutating func option(_ word: String) throws(AccessFailure) {
        switch word {
        case "role": roles = try Self.roles(next(word, Self.roleNames))
        case "riders": prefixes = try Self.prefixes(next(word, "PREFIX[,PREFIX…]"))
        case "rate":
            let text = try next(word, "N/s")
            guard text.hasSuffix("/s"), let count = Int(text.dropLast(2)), count > 0,
                count <= 1_000_000_000
            else { throw AccessFailure("rate \(text): N/s expected, as in 5000/s") }
            perSecond = count
        case "burst":
            let text = try next(word, "a number")
            guard let count = Int(text), count > 0, count <= 1_000_000_000 else {
                throw AccessFailure("burst \(text): a number from 1 on expected")
            }
            burst = count
        case "commands":
            for part in try next(word, "+T.X,-T.Y").split(separator: ",") {
                changes.append(try Self.change(part))
            }
        case "password": login = .password(try PasswordHash(next(word, "scrypt:N:r:p:salt:hash")))
        case "nopass-by-certificate": login = .certificate
        default:
            // It may be a password that somebody wrote in the clear.
            throw AccessFailure(
                "a word that is not known: role, riders, rate, burst, commands, password or"
                    + " nopass-by-certificate expected")
        }
    }

    private mutating func next(
        _ word: String, _ expected: String
    ) throws(AccessFailure) -> Substring {
        guard let next = words.popFirst() else {
            throw AccessFailure("nothing behind \(word): \(expected) expected")
        }
        return next
    }

    private static func roles(_ text: Substring) throws(AccessFailure) -> RoleSet {
        var roles: RoleSet = []
        for part in text.split(separator: ",") {
            guard let role = Role(rawValue: String(part)) else {
                throw AccessFailure("role \(part) is not known, one of \(roleNames) expected")
            }
            roles.insert(RoleSet(role))
        }
        return roles
    }

    private static func prefixes(_ text: Substring) throws(AccessFailure) -> RiderPrefixes {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard !parts.contains(where: \.isEmpty) else {
            throw AccessFailure("riders \(text): an empty prefix is all riders, leave riders out")
        }
        return RiderPrefixes(parts.map { Array($0.utf8) })
    }

    private static func change(_ text: Substring) throws(AccessFailure) -> AccessUser.Change {
        let parts = text.dropFirst().split(
            separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
        guard let sign = text.first, sign == "+" || sign == "-", let word = parts.first else {
            throw AccessFailure("commands \(text): + or - in front of each expected")
        }
        var name = String(word.uppercased())
        guard let command = name.withUTF8({ CommandName.find(UnsafeRawBufferPointer($0)) }) else {
            throw AccessFailure("commands \(text): there is no command \(word)")
        }
        let subcommand = parts.count > 1 ? parts[1].uppercased() : nil
        let rules = AccessTable.standard.rules(of: command)
        guard subcommand == nil || rules.contains(where: { $0.subcommand == subcommand }) else {
            let known = rules.compactMap(\.subcommand).joined(separator: ", ")
            throw AccessFailure(
                "commands \(text): "
                    + (known.isEmpty
                        ? "\(word) is one command, leave out what follows |"
                        : "behind | one of \(known) expected"))
        }
        return AccessUser.Change(
            isAdded: sign == "+", command: command, subcommand: subcommand)
    }
}
