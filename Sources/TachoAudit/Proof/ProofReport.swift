#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Proofs as files, and what a check of one tells.
extension PointProof {
    /// Reads a file, or standard input for `-`. A proof is not longer than 1 GiB.
    package init(path: String) throws(ProofError) {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ProofError(.inputOutput, "open \(path): \(SystemError.text(errno))")
        }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: SegmentSource.pieceBytes)
        while bytes.count < 1 << 30 {
            let got = piece.withUnsafeMutableBytes { raw in
                #if canImport(Glibc)
                    Glibc.read(descriptor, raw.baseAddress, raw.count)
                #else
                    Darwin.read(descriptor, raw.baseAddress, raw.count)
                #endif
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else {
                throw ProofError(.inputOutput, "read \(path): \(SystemError.text(errno))")
            }
            if got == 0 { break }
            bytes += piece[..<got]
        }
        try self.init(parsing: bytes)
    }

    /// Writes a file as a whole, or to standard output for `-`.
    package func write(to path: String) throws(ProofError) {
        guard path == "-" else {
            do throws(LogError) {
                return try LogFile.replace(path, encoded())
            } catch {
                throw ProofError(.inputOutput, "\(path): \(error.detail)")
            }
        }
        var rest = encoded()[...]
        while !rest.isEmpty {
            let put = rest.withUnsafeBytes { raw in
                #if canImport(Glibc)
                    Glibc.write(STDOUT_FILENO, raw.baseAddress, raw.count)
                #else
                    Darwin.write(STDOUT_FILENO, raw.baseAddress, raw.count)
                #endif
            }
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else {
                throw ProofError(.inputOutput, "write: \(SystemError.text(errno))")
            }
            rest = rest.dropFirst(put)
        }
    }
}

extension ProvenFixes {
    /// That it is about what was asked; nil: anything.
    package func check(rider asked: [UInt8]?, tsMs time: Int64?) throws(ProofError) {
        guard asked == nil || asked == rider else {
            let name = String(decoding: rider, as: UTF8.self)
            throw ProofError(.other, "it is about rider \(name)")
        }
        guard time == nil || time == tsMs else {
            throw ProofError(.other, "it is about the time \(tsMs) ms")
        }
    }

    package var line: String {
        let ids = segments.map { "\($0)" }.joined(separator: ", ")
        return "proved: \(fixes) fixes of rider \(String(decoding: rider, as: UTF8.self)) at "
            + "\(tsMs) ms, segments \(ids), log \(checkpoint.line), signed by \(signer.text); "
            + "verdicts are those of \(amendments) amendments in the proof: whether there are "
            + "others, or other fixes of that time, only the segments tell"
    }

    package var json: JSONLine {
        var line = JSONLine()
        line.add("type", "proof")
        line.add("ok", true)
        line.add("rider", String(decoding: rider, as: UTF8.self))
        line.add("ts_ms", tsMs)
        line.add("fixes", fixes)
        line.add("amendments", amendments)
        line.add("shows_all", false)
        line.add("origin", checkpoint.head.origin)
        line.add("checkpoint_size", checkpoint.head.size)
        line.add("checkpoint_root", Digest.hex(checkpoint.head.root))
        line.add("signed_by", signer.text)
        return line
    }

    /// The rows with the columns' names as keys; what is absent is left out. Each says that other
    /// fixes and amendments of its time may exist: a row may be read without the summary.
    package var jsonRows: [JSONLine] {
        let names = rows[0].split(separator: ",")
        return rows[1...].map { row in
            // Only the rider's name may hold commas or quotes, and it is known.
            let fields = row.split(separator: ",", omittingEmptySubsequences: false)
                .suffix(names.count - 1)
            var line = JSONLine()
            line.add("type", "fix")
            line.add("rider", String(decoding: rider, as: UTF8.self))
            for (name, field) in zip(names.dropFirst(), fields) where !field.isEmpty {
                if Self.texts.contains(String(name)) {
                    line.add(String(name), String(field))
                } else {
                    line.add(String(name), number: String(field))
                }
            }
            line.add("shows_all", false)
            return line
        }
    }

    private static let texts: Set<String> = ["src", "verdict_at_seal", "verdict"]
}
