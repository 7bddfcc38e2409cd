import TachoCodec
import TachoIngest
import TachoStore

/// A rule set as family `meta` keeps it: its image, and since when it has been in force.
/// `format-spec.md` §6.
struct RuleSetRow: Sendable {
    /// Commit time of the group that put it in force.
    var sinceMs: Int64
    /// As `RuleSettingsImage` writes it.
    var image: [UInt8]

    init(sinceMs: Int64, image: [UInt8]) {
        self.sinceMs = sinceMs
        self.image = image
    }

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.put(sinceMs)
        return writer.bytes + image
    }

    private init(_ value: UnsafeRawBufferPointer) throws(StoreError) {
        do {
            var reader = ByteReader(value)
            sinceMs = try reader.read()
        } catch {
            throw .damaged("a stored rule set is cut off")
        }
        image = Array(value[8...])
    }

    /// All sets there have ever been, by the group that put them in force.
    static func all(
        _ database: Database
    ) throws(StoreError) -> [(group: UInt64, row: RuleSetRow)] {
        var all: [(group: UInt64, row: RuleSetRow)] = []
        let prefix = Array("rules/".utf8)
        let cursor = database.cursor(.meta)
        cursor.seek(prefix)
        while try cursor.isValid(), cursor.key.starts(with: prefix) {
            guard cursor.key.count == 14 else {
                throw .damaged("a rule set's key cannot be read")
            }
            let group = KeyReader.u64(cursor.key, at: 6)
            all.append((group, try RuleSetRow(cursor.value)))
            cursor.next()
        }
        return all
    }
}
