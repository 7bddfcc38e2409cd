import TachoClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A password that is typed or piped in.
enum PasswordInput {
    private static let maxBytes = 4_096

    static func password() throws(ToolFailure) -> [UInt8] {
        guard isatty(0) == 1 else { return try check(line()) }
        var shown = termios()
        guard tcgetattr(0, &shown) == 0 else {
            throw ToolFailure(
                ExitStatus.error, "the terminal cannot be asked, pipe the password in")
        }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(0, TCSAFLUSH, &hidden)
        defer { tcsetattr(0, TCSAFLUSH, &shown) }
        let first = try ask("Password: ")
        guard try ask("Once more: ") == first else {
            throw ToolFailure(ExitStatus.error, "those are two passwords, run again")
        }
        return first
    }

    private static func ask(_ text: String) throws(ToolFailure) -> [UInt8] {
        var prompt = Array(text.utf8)
        _ = write(2, &prompt, prompt.count)
        let answer = line()
        var end: [UInt8] = [0x0A]
        _ = write(2, &end, 1)
        return try check(answer)
    }

    private static func check(_ password: [UInt8]) throws(ToolFailure) -> [UInt8] {
        guard (1...maxBytes).contains(password.count) else {
            throw ToolFailure(
                ExitStatus.usage, "a password of 1 to \(maxBytes) bytes expected, in one line")
        }
        return password
    }

    private static func line() -> [UInt8] {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count <= maxBytes, read(0, &byte, 1) == 1, byte != 0x0A {
            line.append(byte)
        }
        if line.last == 0x0D { line.removeLast() }
        return line
    }
}
