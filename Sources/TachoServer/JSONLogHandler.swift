package import Logging
import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Log lines as JSON objects, one a line, for programs that gather logs.
package struct JSONLogHandler: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let write: @Sendable ([UInt8]) -> Void

    /// To standard error; one call of the operating system a line.
    package init(label: String) { self.init(label: label) { Self.toStandardError($0) } }

    package init(label: String, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.label = label
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let nowMs = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        var line = Array(#"{"time":"\#(UTCTime.text(ms: nowMs))","level":"\#(event.level)""#.utf8)
        append("logger", label, to: &line)
        append("message", "\(event.message)", to: &line)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            append(key, "\(value)", to: &line)
        }
        line += [UInt8(ascii: "}"), 0x0A]
        write(line)
    }

    private func append(_ key: String, _ value: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: ","))
        JSONText.append(quoted: key.utf8, to: &line)
        line.append(UInt8(ascii: ":"))
        JSONText.append(quoted: value.utf8, to: &line)
    }

    private static func toStandardError(_ line: [UInt8]) {
        // Who has no standard error any more has nobody to tell.
        #if canImport(Glibc)
            _ = line.withUnsafeBytes { Glibc.write(2, $0.baseAddress!, $0.count) }
        #else
            _ = line.withUnsafeBytes { Darwin.write(2, $0.baseAddress!, $0.count) }
        #endif
    }
}
