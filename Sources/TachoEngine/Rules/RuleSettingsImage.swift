import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// A rule set as the journal and family `meta` hold it: every number by name, in text;
/// `format-spec.md` §6.
enum RuleSettingsImage {
    private static let version: UInt8 = 0

    static func bytes(_ settings: RuleSettings) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(version)
        writer.putVarint(UInt64(RuleSet.version))
        writer.putVarint(settings.revision)
        writer.putVarint(settings.thresholds.off)
        writer.putVarint(known)
        writer.putVarint(UInt64(ThresholdTable.rows.count))
        for row in ThresholdTable.rows {
            writer.putBlob(Array(row.name.utf8))
            writer.putBlob(Array(row.text(settings.thresholds).utf8))
        }
        return writer.bytes
    }

    /// Of a set of an older program, what it did not know yet is as by default. One of a newer program
    /// is refused by name: with numbers left out verdicts would not be those that were asked for.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> RuleSettings {
        do {
            return try decode(bytes)
        } catch let error as StoreError {
            throw error
        } catch let error as RuleSettingsError {
            throw .damaged("the stored rule set is not one of this program: \(error.message)")
        } catch {
            throw .damaged("the stored rule set cannot be read")
        }
    }

    static func read(_ bytes: [UInt8]) throws(StoreError) -> RuleSettings {
        let result = bytes.withUnsafeBytes { raw -> Result<RuleSettings, StoreError> in
            do throws(StoreError) {
                return .success(try read(raw))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) throws -> RuleSettings {
        var reader = ByteReader(bytes)
        let format = try reader.read(UInt8.self)
        guard format == version else { throw newer("format \(format)") }
        let ruleSet = try reader.readVarint()
        guard ruleSet <= UInt64(RuleSet.version) else { throw newer("rule set \(ruleSet)") }
        var settings = RuleSettings(revision: try reader.readVarint())
        let off = try reader.readVarint()
        let codes = try reader.readVarint()
        guard off & ~codes == 0, settings.revision >= 1,
            settings.revision <= RuleSettings.maxRevision
        else { throw StoreError.damaged("the stored rule set is not possible") }
        // On or off alike, a code that is not built here means a rule that is not.
        guard codes & ~known == 0 else { throw newer("codes") }
        settings.thresholds.off = off | settings.thresholds.off & ~codes
        for _ in 0..<(try reader.readVarint()) {
            let name = String(decoding: try reader.readBlob(), as: UTF8.self)
            let text = String(decoding: try reader.readBlob(), as: UTF8.self)
            guard let row = ThresholdTable.row(name) else { throw newer("threshold \(name)") }
            try row.set(text, in: &settings.thresholds)
        }
        guard reader.isAtEnd else { throw StoreError.damaged("the stored rule set is too long") }
        return settings
    }

    private static func newer(_ what: String) -> StoreError {
        .damaged(
            "the stored rule set is of a newer program (\(what)): open the directory with that one")
    }

    /// Codes this program builds.
    private static var known: UInt64 { Code.allCases.reduce(0) { $0 | $1.bit } }
}
