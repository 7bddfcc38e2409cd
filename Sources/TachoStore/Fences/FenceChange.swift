import TachoCodec
package import TachoGeo

/// What happened to a fence itself, as the journal carries it. `format-spec.md` §7.
package enum FenceChange: Hashable, Sendable {
    case set(FenceDefinition, atMs: Int64)
    case delete(id: [UInt8], atMs: Int64)
    /// If it is still the one that was to expire then.
    case expire(id: [UInt8], expiresMs: Int64, atMs: Int64)

    package var id: [UInt8] {
        switch self {
        case .set(let fence, _): fence.id
        case .delete(let id, _), .expire(let id, _, _): id
        }
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .set(let fence, let atMs):
            writer.put(UInt8(1))
            writer.putBlob(fence.id)
            writer.putZigzag(atMs)
            writer.putDefinition(fence)
        case .delete(let id, let atMs):
            writer.put(UInt8(2))
            writer.putBlob(id)
            writer.putZigzag(atMs)
        case .expire(let id, let expiresMs, let atMs):
            writer.put(UInt8(3))
            writer.putBlob(id)
            writer.putZigzag(atMs)
            writer.putZigzag(expiresMs)
        }
        return writer.bytes
    }

    package static func read(_ bytes: [UInt8]) throws(StoreError) -> FenceChange {
        let change = bytes.withUnsafeBytes { raw -> FenceChange? in
            var reader = ByteReader(raw)
            guard let kind = try? reader.read(UInt8.self), let id = try? reader.readBlob(),
                let atMs = try? reader.readZigzag()
            else { return nil }
            switch kind {
            case 1:
                guard let fence = try? reader.readDefinition(id: id), reader.isAtEnd else {
                    return nil
                }
                return .set(fence, atMs: atMs)
            case 2: return reader.isAtEnd ? .delete(id: id, atMs: atMs) : nil
            case 3:
                guard let expiresMs = try? reader.readZigzag(), reader.isAtEnd else { return nil }
                return .expire(id: id, expiresMs: expiresMs, atMs: atMs)
            default: return nil
            }
        }
        guard let change else { throw .damaged("a change of a fence cannot be read") }
        return change
    }
}

extension ByteWriter {
    /// All but the id: expiry (0: never), margin in dm, what is detected, seconds of a dwell (0: none),
    /// area.
    mutating func putDefinition(_ fence: FenceDefinition) {
        putZigzag(fence.expiresMs ?? 0)
        putVarint(UInt64(fence.marginDm))
        put(UInt8((fence.detection.enter ? 1 : 0) | (fence.detection.exit ? 2 : 0)))
        putVarint(UInt64(fence.detection.dwellSeconds ?? 0))
        putBlob(Array(fence.areaText.utf8))
    }
}

extension ByteReader {
    mutating func readDefinition(id: [UInt8]) throws(StoreError) -> FenceDefinition {
        do {
            let expiresMs = try readZigzag()
            let marginDm = try readVarint()
            let flags: UInt8 = try read()
            let dwell = try readVarint()
            let area = try readBlob()
            guard flags < 4, marginDm <= UInt64(FenceDefinition.widestMarginM * 10),
                dwell <= UInt64(FenceDetection.longestDwellSeconds)
            else { throw StoreError.damaged("a fence has values none can have") }
            return FenceDefinition(
                id: id, areaText: String(decoding: area, as: UTF8.self),
                detection: FenceDetection(
                    enter: flags & 1 != 0, exit: flags & 2 != 0,
                    dwellSeconds: dwell == 0 ? nil : Int(dwell)),
                marginM: Double(marginDm) / 10, expiresMs: expiresMs == 0 ? nil : expiresMs)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("a fence is cut off")
        }
    }
}
