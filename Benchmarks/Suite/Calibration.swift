#if canImport(Glibc)
    import Glibc
#endif

extension Benchmark {
    /// What the machine gives today: the figures to see the others against.
    static let calibration = Benchmark(
        name: "calibration", about: "fdatasync of 64 KiB and memory bandwidth"
    ) { scale in
        let scratch = ScratchDirectory(in: scale.directory, "calibration")
        let fd = open(scratch.path + "/file", O_RDWR | O_CREAT, 0o644)
        guard fd >= 0 else { throw CalibrationError.cannotCreate(scratch.path) }
        defer { close(fd) }
        let block = [UInt8](repeating: 0x5A, count: 65_536)
        var times: [Double] = []
        for index in 0..<(scale.rounds * 40) {
            times.append(
                Timing.seconds {
                    _ = pwrite(fd, block, block.count, off_t(index * block.count))
                    _ = fdatasync(fd)
                })
        }
        let bytes = 64 << 20
        let source = [UInt8](repeating: 1, count: bytes)
        var target = [UInt8](repeating: 0, count: bytes)
        var copies: [Double] = []
        for _ in 0..<scale.rounds {
            copies.append(Timing.seconds { _ = memcpy(&target, source, bytes) })
        }
        return [
            Measurement(
                "fdatasync_64k_p50", Timing.median(times) * 1e6, "us", n: times.count, hash: 0),
            Measurement(
                "memcpy", Double(bytes) / Timing.median(copies) / 1e9, "GB/s", n: bytes,
                hash: UInt64(target[bytes / 2])),
        ]
    }
}

enum CalibrationError: Error {
    case cannotCreate(String)
}
