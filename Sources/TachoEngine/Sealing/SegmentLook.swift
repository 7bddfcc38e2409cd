#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import TachoAudit

/// What a look at a sealed segment's file came to: read from the device, decoded, and compared with
/// the hash that was noted when it was sealed.
struct SegmentLook {
    enum State {
        /// It is what was sealed, byte for byte.
        case sound
        /// It is not there, the disk cannot give its bytes, or they are others.
        case damaged
        /// It was not let be read, for a reason that says nothing of it: no descriptor was free,
        /// another kind of file is in its place.
        case unread
    }

    var state: State
    /// Where and what, without what to do; empty for a sound one.
    var what = ""
    /// Size of the file, as far as it was read.
    var bytes: UInt64 = 0

    /// Cost: reads the file twice and decodes it; 25 ns a fix. Broken off when `isWanted` says no;
    /// what is returned then means nothing.
    static func at(
        _ path: String, sealed sha256: [UInt8], isWanted: @escaping @Sendable () -> Bool,
        beforeOpen: (@Sendable (String) throws(SegmentError) -> Void)? = nil
    ) -> SegmentLook {
        do throws(SegmentError) {
            try beforeOpen?(path)
            let file = try AuditFile(path: path, isWanted: isWanted)
            try file.dropCache()
            let report = SegmentCheck.run(.file(file), deep: true)
            var look = SegmentLook(state: .sound, bytes: file.byteCount)
            // A read that failed for another reason leaves open what the bytes are.
            if let error = report.findings.first(where: { !isDamage($0) }) ?? report.findings.first
            {
                look.state = isDamage(error) ? .damaged : .unread
                look.what = text(error, path)
            } else if report.sha256 != sha256 {
                look.state = .damaged
                look.what =
                    "\(path): it is a segment, with SHA-256 \(Digest.hex(report.sha256)), but not the "
                    + "one that was sealed"
            }
            return look
        } catch {
            return SegmentLook(
                state: isDamage(error) ? .damaged : .unread, what: text(error, path))
        }
    }

    /// Whether an error means that the bytes are gone or wrong. Of the system's errors those are a
    /// file that is not there and a device that cannot read it.
    static func isDamage(_ error: SegmentError) -> Bool {
        guard error.code == .inputOutput else { return true }
        return ends(error, with: ENOENT) || ends(error, with: EIO)
    }

    /// `TachoAudit` hands a system error on as its text, made by the same function.
    private static func ends(_ error: SegmentError, with number: Int32) -> Bool {
        error.detail.hasSuffix(": " + String(cString: strerror(number)))
    }

    private static func text(_ error: SegmentError, _ path: String) -> String {
        if error.code == .inputOutput, ends(error, with: ENOENT) { return "\(path) is not there" }
        var text = path
        if let block = error.block { text += ": block \(block)" }
        if let bytes = error.bytes { text += ": bytes \(bytes.lowerBound)-\(bytes.upperBound)" }
        return text + ": " + error.detail
    }
}
