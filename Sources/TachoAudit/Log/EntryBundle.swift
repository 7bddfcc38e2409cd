/// Entries one after another, each behind its length as a big-endian u16.
enum EntryBundle {
    static func encode(_ entries: some Sequence<[UInt8]>) -> [UInt8] {
        var out: [UInt8] = []
        for entry in entries {
            precondition(entry.count <= LogEntry.byteLimit, "entries are shorter than 64 KiB")
            out.append(UInt8(truncatingIfNeeded: entry.count >> 8))
            out.append(UInt8(truncatingIfNeeded: entry.count))
            out += entry
        }
        return out
    }

    /// nil when lengths and bytes do not agree, or there are not exactly `count` entries.
    static func decode(_ bytes: [UInt8], count: Int) -> [[UInt8]]? {
        var entries: [[UInt8]] = []
        var place = 0
        while place < bytes.count {
            guard bytes.count - place >= 2 else { return nil }
            let length = Int(bytes[place]) << 8 | Int(bytes[place + 1])
            place += 2
            guard bytes.count - place >= length else { return nil }
            entries.append(Array(bytes[place..<place + length]))
            place += length
        }
        return entries.count == count ? entries : nil
    }
}
