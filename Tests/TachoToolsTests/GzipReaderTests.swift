internal import CZlib
import Testing

@testable import TachoTools

@Suite struct GzipReaderTests {
    static let text: [UInt8] = (0..<4_000).flatMap { Array("t\($0 % 7),\($0 * 977)\n".utf8) }

    /// One gzip member, made by zlib itself.
    static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(
            &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count + 1_000)
        let capacity = output.count
        input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(capacity)
                _ = deflate(&stream, Z_FINISH)
            }
        }
        return Array(output[..<(capacity - Int(stream.avail_out))])
    }

    static func read(_ pieces: [[UInt8]]) throws -> [UInt8] {
        let reader = GzipReader()
        var out: [UInt8] = []
        for piece in pieces {
            try piece.withUnsafeBytes {
                try reader.feed($0, isLast: false) { out.append(contentsOf: $0) }
            }
        }
        try reader.feed(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true) {
            out.append(contentsOf: $0)
        }
        return out
    }

    static func halves(_ bytes: [UInt8], at cut: Int) -> [[UInt8]] {
        [Array(bytes[..<cut]), Array(bytes[cut...])]
    }

    @Test func `plain bytes pass unchanged wherever they are cut`() throws {
        let plain = Array("rider,ts_ms\nt1,5\n".utf8)
        for cut in 0...plain.count {
            #expect(try Self.read(Self.halves(plain, at: cut)) == plain, "cut at \(cut)")
        }
        #expect(try Self.read([[0x1F]]) == [0x1F])
        #expect(try Self.read([]) == [])
    }

    @Test func `two members read as one text wherever they are cut`() throws {
        let member = Self.compressed(Array("first,".utf8))
        let bytes = member + Self.compressed(Array("second".utf8))
        for cut in 0...bytes.count {
            let out = try Self.read(Self.halves(bytes, at: cut))
            #expect(out == Array("first,second".utf8), "cut at \(cut)")
        }
        #expect(try Self.read(bytes.map { [$0] }) == Array("first,second".utf8))
    }

    @Test func `a text longer than the output buffer comes out whole`() throws {
        let long = (0..<40).flatMap { _ in Self.text }
        #expect(long.count > 1 << 20)
        #expect(try Self.read([Self.compressed(long)]) == long)
    }

    @Test func `every truncation is refused`() {
        let bytes = Self.compressed(Self.text)
        for cut in 2..<bytes.count {
            #expect(throws: GzipError.truncated, "cut at \(cut)") {
                try Self.read([Array(bytes[..<cut])])
            }
        }
    }

    @Test func `a flipped bit in the data is refused`() {
        let bytes = Self.compressed(Self.text)
        // Header bytes 4 to 9 (time, flags, system) carry no content and no checksum.
        for at in stride(from: 10, to: bytes.count, by: 7) {
            var damaged = bytes
            damaged[at] ^= 0x10
            #expect(throws: GzipError.self, "bit of byte \(at)") { try Self.read([damaged]) }
        }
    }

    @Test func `zero padding after the last member is not data`() throws {
        let bytes = Self.compressed(Self.text)
        #expect(try Self.read([bytes + [0, 0, 0], [0]]) == Self.text)
        #expect(throws: GzipError.trailingBytes) { try Self.read([bytes + [0, 7]]) }
        #expect(throws: GzipError.trailingBytes) { try Self.read([bytes + [0], [9]]) }
    }

    @Test func `text after the last member is refused, not dropped`() {
        let bytes = Self.compressed(Self.text)
        #expect(throws: GzipError.trailingBytes) { try Self.read([bytes + Array("t9,1".utf8)]) }
        #expect(throws: GzipError.trailingBytes) { try Self.read([bytes + [0x1F]]) }
    }

    @Test func `the reader tells whether the file was compressed`() throws {
        let reader = GzipReader()
        #expect(!reader.isCompressed)
        try Self.compressed([65]).withUnsafeBytes { try reader.feed($0, isLast: true) { _ in } }
        #expect(reader.isCompressed)
    }
}
