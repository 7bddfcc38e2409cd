/// What a directory's log of segments says, as far as an export repeats it.
package enum AuditLogText {
    /// The newest checkpoint word for word; nil if there is no log, or none that is a text.
    package static func checkpoint(of directory: String) -> String? {
        guard let source = try? SegmentSource(path: directory + "/" + MirrorLog.checkpointName),
            source.byteCount > 0, source.byteCount <= 1 << 16,
            let bytes = try? source.read(at: 0, count: Int(source.byteCount))
        else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
