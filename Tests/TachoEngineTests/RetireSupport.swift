import Foundation
import TachoAudit
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

extension RetireQuery {
    /// Everything that is sealed.
    static var all: RetireQuery { RetireQuery(hotDays: 0) }
}

extension Engine {
    /// Chunks and references in family `track`.
    func trackRows() throws -> (chunks: Int, references: Int) {
        var found = (chunks: 0, references: 0)
        let cursor = store.database.cursor(.track)
        cursor.seekToFirst()
        while try cursor.isValid() {
            if SegmentReference.isOne(cursor.value) {
                found.references += 1
            } else {
                found.chunks += 1
            }
            cursor.next()
        }
        return found
    }

    /// Rows of a family.
    func rowCount(_ family: Family) throws -> Int {
        var count = 0
        let cursor = store.database.cursor(family)
        cursor.seekToFirst()
        while try cursor.isValid() {
            count += 1
            cursor.next()
        }
        return count
    }

    /// Seals and retires all there is.
    @discardableResult
    func sealAndRetire() throws -> RetireReport {
        _ = try seal()
        return try retire(.all)
    }
}

extension TemporaryDirectory {
    func segment(_ id: UInt64) -> String {
        path + "/data/audit/" + AuditDirectory.fileName(id)
    }

    func changeSegment(_ id: UInt64, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: segment(id))))
        body(&bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: segment(id)))
    }
}
