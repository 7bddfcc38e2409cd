#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the operating system calls an error number, in small letters as part of a sentence.
package func systemReason(_ code: Int32) -> String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
}
