import TachoClient
import TachoDial
import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What `tacho explain` prints and draws.
package struct ExplainJob {
    private let target: any Target
    private let rider: [UInt8]
    private let tsMs: Int64

    package init(target: any Target, rider: [UInt8], tsMs: Int64) {
        self.target = target
        self.rider = rider
        self.tsMs = tsMs
    }

    /// Sentences, or with `json` one object for each fix of that time, the first first.
    package func print(json: Bool, to output: Output) throws {
        try output.line(try target.explain(rider, tsMs: tsMs, as: json ? .json : .text))
        try output.flush()
    }

    /// The picture, in a file that is made or replaced whole: it is written under another name
    /// beside it first.
    package func draw(into path: String) throws {
        let bytes = try target.explain(rider, tsMs: tsMs, as: .svg)
        let temporary = path + ".part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ToolFailure(
                ExitStatus.cannotCreate,
                "cannot create \(temporary): \(systemReason(errno)); name another place")
        }
        do {
            defer { close(descriptor) }
            let output = Output(descriptor: descriptor, name: temporary)
            try output.append { $0.append(contentsOf: bytes) }
            try output.flush()
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let reason = systemReason(errno)
            unlink(temporary)
            throw ToolFailure(
                ExitStatus.cannotCreate, "cannot create \(path): \(reason); name another place")
        }
    }
}
