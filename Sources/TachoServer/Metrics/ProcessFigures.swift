#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The process, as the system sees it; under the names that all of Prometheus's libraries use.
struct ProcessFigures: Sendable {
    var cpuSeconds: Double
    var residentBytes: Int?
    var virtualBytes: Int?
    var openFiles: Int?
    var maxFiles: Int?
    var threads: Int?

    /// Cost: two small files of /proc and a directory of it.
    static var now: ProcessFigures {
        var usage = rusage()
        #if canImport(Glibc)
            _ = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            let pages = statm()
            let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        #else
            _ = getrusage(RUSAGE_SELF, &usage)
            let (pages, pageBytes): ([Int], Int) = ([], 4_096)
        #endif
        var files = rlimit()
        #if canImport(Glibc)
            let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0
        #else
            let isKnown = getrlimit(RLIMIT_NOFILE, &files) == 0
        #endif
        return ProcessFigures(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            residentBytes: pages.count > 1 ? pages[1] * pageBytes : nil,
            virtualBytes: pages.first.map { $0 * pageBytes },
            openFiles: entries("/proc/self/fd"),
            maxFiles: isKnown ? Int(clamping: files.rlim_cur) : nil,
            threads: entries("/proc/self/task"))
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    /// Pages in all, pages in memory, and others.
    private static func statm() -> [Int] {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return [] }
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
            .compactMap { Int($0) }
    }

    private static func entries(_ path: String) -> Int? {
        guard let directory = opendir(path) else { return nil }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return count
    }
}
