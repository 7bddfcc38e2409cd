#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Texts for error numbers of the system.
enum SystemError {
    static func text(_ number: Int32) -> String {
        guard let text = strerror(number) else { return "error \(number)" }
        return String(cString: text)
    }
}
