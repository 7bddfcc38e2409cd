import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The files of a log of look-ups.
enum AccessLogFiles {
    /// `log-YYYYMMDD.ndjson` of a moment, UTC.
    static func name(atMs: Int64) -> String {
        let date = UTCTime.text(ms: atMs).prefix(10).filter { $0 != "-" }
        return "log-\(date).ndjson"
    }

    /// In the order of their days.
    static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("log-"), name.hasSuffix(".ndjson"), name.utf8.count == 19 {
                names.append(name)
            }
        }
        return names.sorted()
    }

    static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { fill(file, $0) }
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func fill(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress!, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress!, buffer.count)
        #endif
    }
}

/// Whether the lines of a log follow one another.
package enum AccessLogCheck {
    package struct Report: Equatable, Sendable {
        package var files = 0
        package var lines = 0
        /// Of the newest line, in hex: who notes it elsewhere sees later that none behind it is gone.
        package var chain = Hex.text(AccessChain.start)
        /// The first line that does not follow the one before; nil: all do.
        package var finding: String?
    }

    /// `expected`: a chain that must be among them. Cost: a pass over the files, 400 MB/s.
    package static func verify(
        _ directory: String, expecting expected: String? = nil
    ) throws(AccessFailure) -> Report {
        var report = Report()
        let wanted = expected.flatMap { Hex.bytes($0) }
        guard expected == nil || wanted?.count == 32 else {
            throw AccessFailure("a chain of 64 hexadecimal digits expected")
        }
        var isFound = wanted == nil || wanted == AccessChain.start
        var chain = AccessChain.start
        for name in AccessLogFiles.names(in: directory) {
            let path = directory + "/" + name
            guard let bytes = AccessLogFiles.read(path) else {
                throw AccessFailure("\(path): cannot be read")
            }
            report.files += 1
            var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            if let torn = lines.popLast(), !torn.isEmpty {
                report.finding = "\(path), line \(lines.count + 1): no line end"
                return report
            }
            for (index, line) in lines.enumerated() {
                guard let (body, found) = AccessChain.split(line) else {
                    report.finding = "\(path), line \(index + 1): no record"
                    return report
                }
                chain = AccessChain.next(chain, body)
                guard chain == found else {
                    report.finding =
                        "\(path), line \(index + 1): does not follow the line before it: one of"
                        + " both was changed, or lines between them are gone"
                    return report
                }
                report.lines += 1
                if chain == wanted { isFound = true }
            }
        }
        if !isFound {
            report.finding =
                "\(directory): no record has the chain expected: the newest were cut off"
        }
        report.chain = Hex.text(chain)
        return report
    }
}
