import Foundation
import Testing

@testable import TachoAudit

/// What a record of a mirror confirms.
@Suite struct MirrorRecordTests {
    private static let hash = [UInt8](repeating: 0xAB, count: 32)

    private func line(
        _ segment: UInt64 = 3, v: String = "1", file: String? = nil, bytes: Int = 10,
        sha256: [UInt8] = hash
    ) -> String {
        "{\"v\":\(v),\"segment\":\(segment),\"file\":\"\(file ?? AuditDirectory.fileName(segment))\","
            + "\"bytes\":\(bytes),\"sha256\":\"\(Digest.hex(sha256))\",\"how\":\"copied\","
            + "\"at_ms\":1767312000000,\"more\":[1]}\n"
    }

    private func confirms(_ text: String, fileBytes: Int? = 10) throws -> Bool {
        let directory = try TemporaryDirectory()
        try FileBytes.write(Array(text.utf8), directory.path + "/" + MirrorRecord.fileName)
        if let fileBytes { try directory.write([UInt8](repeating: 1, count: fileBytes), as: 3) }
        return try MirrorRecord.read(directory: directory.path).confirms(
            segment: 3, bytes: 10, sha256: Self.hash, in: directory.path)
    }

    @Test func `a whole line with size and hash confirms a copy that is there`() throws {
        #expect(try confirms(line()))
        #expect(try confirms(line(2) + "no JSON\n" + line() + line(4)))
    }

    @Test func `nothing else does`() throws {
        var other = Self.hash
        other[31] ^= 1
        #expect(try !confirms(""))
        #expect(try !confirms(line(4)))
        #expect(try !confirms(line(v: "2")))
        #expect(try !confirms(line(file: "00000004.seg")))
        #expect(try !confirms(line(file: "../00000003.seg")))
        #expect(try !confirms(line(bytes: 11)))
        #expect(try !confirms(line(sha256: other)))
        #expect(try !confirms(line(), fileBytes: 9))
        #expect(try !confirms(line(), fileBytes: nil))
        // Of several lines the last counts, and one without its end counts for nothing.
        #expect(try !confirms(line() + line(sha256: other)))
        #expect(try confirms(line() + String(line(sha256: other).dropLast())))
        #expect(try !confirms(String(line().dropLast())))
        let long = "\"" + String(repeating: "x", count: 1_024) + "\""
        let padded = line().replacing("[1]", with: long)
        #expect(try !confirms(padded))
    }

    @Test func `a directory without a record confirms nothing`() throws {
        let directory = try TemporaryDirectory()
        #expect(try MirrorRecord.read(directory: directory.path) == MirrorRecord())
    }

    @Test func `a record that is no file cannot be read`() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: directory.path + "/" + MirrorRecord.fileName, withIntermediateDirectories: true)
        #expect(throws: SegmentError(.inputOutput, "")) {
            try MirrorRecord.read(directory: directory.path)
        }
    }
}
