/// What a directory's log of segments says, as far as an export asks for it.
package enum ExportLog {
    /// The newest checkpoint word for word; nil if there is no log, or none that is a text.
    package static func checkpoint(of directory: String) -> String? {
        guard let source = try? SegmentSource(path: directory + "/" + MirrorLog.checkpointName),
            source.byteCount > 0, source.byteCount <= 1 << 16,
            let bytes = try? source.read(at: 0, count: Int(source.byteCount))
        else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// How many segments are among the first `size` entries of the log: less than those by the
    /// entries of keys. Without a log, that number itself.
    package static func segments(
        asOf size: UInt64, in directory: String
    ) throws(ExportError) -> UInt64 {
        let reader = LogReader(audit: directory)
        do throws(LogError) {
            guard reader.exists, let head = try reader.head() else { return size }
            var segments: UInt64 = 0
            try reader.forEachEntry(of: 0..<min(size, head.size), size: head.size) { _, bytes in
                if bytes.starts(with: SegmentEntry.title.utf8) { segments += 1 }
            }
            // As many too many as there are entries too many: that many segments are missing.
            let (sum, isTooLarge) = segments.addingReportingOverflow(size - min(size, head.size))
            return isTooLarge ? .max : sum
        } catch {
            throw .directory(Finding(error))
        }
    }
}
