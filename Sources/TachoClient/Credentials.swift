import TachoDial
import TachoWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// As whom a program logs in. Passwords come from files, never from arguments, which all can see.
package struct Credentials: Equatable, Sendable {
    package var user: String
    package var password: [UInt8]

    package init(user: String, password: [UInt8]) {
        self.user = user
        self.password = password
    }

    package static let userVariable = "TACHO_USER"
    package static let passwordFileVariable = "TACHO_PASSWORD_FILE"
    private static let maxPasswordBytes = 4_096

    /// What was named, by options or else by the environment; nil: nothing was, and nobody logs in. The
    /// password is the first line of its file.
    package static func read(
        user: String?, passwordFile: String?, environment: [String: String] = Self.environment
    ) throws(ToolFailure) -> Credentials? {
        let user = user ?? environment[userVariable]
        let path = passwordFile ?? environment[passwordFileVariable]
        guard user != nil || path != nil else { return nil }
        guard let path else {
            throw ToolFailure(
                ExitStatus.usage,
                "user \(user ?? "") without a password: name its file by --password-file or"
                    + " \(passwordFileVariable)")
        }
        return Credentials(user: user ?? "default", password: try firstLine(of: path))
    }

    package static var environment: [String: String] {
        var found: [String: String] = [:]
        for name in [userVariable, passwordFileVariable] {
            if let value = getenv(name) { found[name] = String(cString: value) }
        }
        return found
    }

    private static func firstLine(of path: String) throws(ToolFailure) -> [UInt8] {
        guard let file = fopen(path, "re") else {
            throw ToolFailure(
                ExitStatus.error, "cannot open the password file \(path): \(systemReason(errno))")
        }
        defer { fclose(file) }
        var line: [UInt8] = []
        while true {
            let byte = getc(file)
            if byte == EOF || byte == 0x0A { break }
            line.append(UInt8(truncatingIfNeeded: byte))
            guard line.count <= maxPasswordBytes else {
                throw ToolFailure(
                    ExitStatus.error,
                    "the first line of \(path) is no password: more than \(maxPasswordBytes) bytes")
            }
        }
        if line.last == 0x0D { line.removeLast() }
        guard !line.isEmpty else {
            throw ToolFailure(ExitStatus.error, "the first line of \(path) is empty: no password")
        }
        return line
    }
}

extension Connection {
    /// Logs in; with the wrong password the connection ends.
    func logIn(_ credentials: Credentials) throws(ClientError) {
        let (user, password) = (Array(credentials.user.utf8), credentials.password)
        do throws(ClientError) {
            _ = try send {
                $0.begin(arguments: 3)
                $0.argument("AUTH")
                $0.argument(user)
                $0.argument(password)
            }
            .wait()
        } catch {
            close()
            throw error
        }
    }
}
