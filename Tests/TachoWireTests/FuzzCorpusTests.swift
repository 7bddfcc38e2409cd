import Foundation
import TachoGeo
import TachoWire
import Testing

/// The inputs that fuzzing starts from (`tools/fuzz`), without the fuzzer: whoever changes the parser
/// learns at once whether one of them comes out otherwise when it is cut.
struct FuzzCorpusTests {
    private static let place = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "tools/fuzz")

    private static func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
        let folder = place.appending(path: "corpus/\(target)")
        return try FileManager.default
            .contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
    }

    @Test func `every request of the corpus reads the same whole and cut at every byte`() throws {
        let inputs = try Self.inputs("resp")
        #expect(inputs.count >= 50)
        for (name, bytes) in inputs {
            let whole = hear(bytes, cuts: [])
            #expect(whole == hear(bytes, cuts: Array(bytes.indices)), "\(name)")
            for cut in bytes.indices {
                #expect(whole == hear(bytes, cuts: [cut]), "\(name) cut at \(cut)")
            }
        }
    }

    @Test func `every batch of the corpus is read or refused, and never half`() throws {
        let inputs = try Self.inputs("packed")
        #expect(inputs.count >= 10)
        var read = 0
        for (name, bytes) in inputs {
            for length in 0...bytes.count {
                var batch = FixBatch()
                let count = bytes[..<length].withUnsafeBytes {
                    try? PackedReader.append($0, to: &batch)
                }
                #expect(batch.count == count ?? 0, "\(name) of \(length) bytes")
                read += count == nil ? 0 : 1
            }
        }
        #expect(read > 0)
    }

    @Test func `the fuzzer's dictionary has every command`() throws {
        let text = try String(contentsOf: Self.place.appending(path: "resp.dict"), encoding: .utf8)
        let words = Set(text.split(separator: "\n"))
        let missing = CommandName.allCases.filter { !words.contains("\"\($0.rawValue)\"") }
        #expect(
            missing.isEmpty,
            "\(missing.map(\.rawValue)): give tools/fuzz/seeds.py a request, then --minimise")
    }
}
