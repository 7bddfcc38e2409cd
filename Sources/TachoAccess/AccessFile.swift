#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The file of users, one a line. Who can write it is who says who may do what, so it is not read
/// while others can.
package enum AccessFile {
    package struct Found: Sendable {
        package let accounts: AccountList
        /// What works and should be mended, a line each.
        package let warnings: [String]
    }

    package static let maxBytes = 4 << 20

    /// Every failure names file, line and remedy, and never what may be a password.
    package static func load(_ path: String) throws(AccessFailure) -> Found {
        var warnings: [String] = []
        let text = try read(path, &warnings)
        let accounts = try parse(text, path: path)
        warnings += advice(accounts, path)
        return Found(accounts: accounts, warnings: warnings)
    }

    package static func parse(
        _ text: String, path: String
    ) throws(AccessFailure) -> AccountList {
        var users: [AccessUser] = []
        var lines: [String: Int] = [:]
        // CR LF is one character of a String.
        let rows = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in rows.enumerated() {
            let place = "\(path), line \(index + 1)"
            let user: AccessUser?
            do {
                user = try AccessFileLine.read(line)
            } catch {
                throw AccessFailure("\(place): \(error.message)")
            }
            guard let user else { continue }
            if let first = lines[user.name] {
                throw AccessFailure(
                    "\(place): user \(user.name) is in line \(first) already, take one out")
            }
            lines[user.name] = index + 1
            users.append(user)
        }
        guard !users.isEmpty else {
            throw AccessFailure("\(path): no users, add lines: user NAME role ROLE password HASH")
        }
        guard users.count <= AccountList.maxUsers else {
            throw AccessFailure(
                "\(path): \(users.count) users, at most \(AccountList.maxUsers) expected")
        }
        return AccountList(users)
    }

    private static func advice(_ accounts: AccountList, _ path: String) -> [String] {
        var warnings: [String] = []
        let odd = accounts.users.filter { user in
            guard case .password(let hash) = user.login else { return false }
            return !hash.costsAs(accounts.nobody)
        }
        if let odd = odd.first {
            warnings.append(
                "\(path): the hash of \(odd.name) costs other work than the first one, by which it"
                    + " can be told that there is such a user: make it anew with tacho acl hash")
        }
        if !accounts.users.contains(where: \.isAdmin) {
            warnings.append("\(path): nobody has role admin")
        }
        return warnings
    }

    private static func read(
        _ path: String, _ warnings: inout [String]
    ) throws(AccessFailure) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw AccessFailure("\(path): cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var info = stat()
        guard fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw AccessFailure("\(path): no file, name one with a user a line")
        }
        guard info.st_mode & 0o022 == 0 else {
            throw AccessFailure(
                "\(path): others may write it, and so make themselves users: chmod go-w \(path)")
        }
        if info.st_mode & 0o004 != 0 {
            warnings.append("\(path): all may read the hashes of passwords: chmod o-r \(path)")
        }
        guard info.st_size <= maxBytes else {
            throw AccessFailure("\(path): \(info.st_size) bytes, at most \(maxBytes) expected")
        }
        var bytes = [UInt8](repeating: 0, count: Int(info.st_size) + 1)
        var count = 0
        while count < bytes.count {
            let done = bytes[count...].withUnsafeMutableBytes {
                Self.read(file, $0.baseAddress!, $0.count)
            }
            if done < 0 && errno == EINTR { continue }
            guard done >= 0 else {
                throw AccessFailure("\(path): cannot be read: \(String(cString: strerror(errno)))")
            }
            if done == 0 { break }
            count += done
        }
        guard count <= Int(info.st_size),
            let text = String(validating: bytes[..<count], as: UTF8.self)
        else {
            throw AccessFailure("\(path): is no UTF-8 text, or was written meanwhile: try again")
        }
        return text
    }

    private static func read(_ file: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, bytes, count)
        #else
            Darwin.read(file, bytes, count)
        #endif
    }
}
