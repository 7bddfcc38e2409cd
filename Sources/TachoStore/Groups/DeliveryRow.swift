import TachoCodec
package import TachoGeo

/// The mark of a target as a row of family `alerts`; `format-spec.md` §24.
extension DeliveryMark {
    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt8(0))
        writer.put(optional: delivered)
        writer.put(position)
        writer.put(optional: openFrom)
        writer.put(optional: lateThrough)
        writer.put(lateAtMs)
        return writer.bytes
    }

    package static func read(_ row: UnsafeRawBufferPointer) throws(StoreError) -> DeliveryMark {
        var reader = ByteReader(row)
        do {
            guard try reader.read(UInt8.self) == 0 else { throw StoreError.damaged("") }
            let mark = DeliveryMark(
                delivered: try reader.readOptionalID(), position: try reader.read(),
                openFrom: try reader.readOptionalID(), lateThrough: try reader.readOptionalID(),
                lateAtMs: try reader.read())
            guard reader.isAtEnd else { throw StoreError.damaged("") }
            return mark
        } catch {
            throw .damaged("the mark of a target of alerts cannot be read")
        }
    }
}

extension ByteWriter {
    /// -1 and 0 where there is none.
    fileprivate mutating func put(optional id: AlertID?) {
        put(id?.ms ?? -1)
        put(id?.n ?? 0)
    }
}

extension ByteReader {
    fileprivate mutating func readOptionalID() throws -> AlertID? {
        let ms: Int64 = try read()
        let n: UInt32 = try read()
        if ms == -1 && n == 0 { return nil }
        guard ms >= 0 else { throw StoreError.damaged("") }
        return AlertID(ms: ms, n: n)
    }
}

/// All marks of a directory.
package enum DeliveryRows {
    package static func all(
        _ database: Database
    ) throws(StoreError) -> [(name: [UInt8], mark: DeliveryMark)] {
        var rows: [(name: [UInt8], mark: DeliveryMark)] = []
        let cursor = database.cursor(.alerts)
        cursor.seek(Keys.delivery(to: []))
        while try cursor.isValid(), let name = Keys.targetName(cursor.key) {
            rows.append((name, try DeliveryMark.read(cursor.value)))
            cursor.next()
        }
        return rows
    }
}
