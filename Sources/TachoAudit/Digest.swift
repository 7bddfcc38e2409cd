import Crypto

/// SHA-256 as 32 bytes, and the two prefixes of RFC 6962 that keep leaves and nodes apart.
package enum Digest {
    package static let byteCount = 32
    /// What a first segment has in place of its predecessor's hash.
    package static let none = [UInt8](repeating: 0, count: byteCount)

    /// SHA-256(0x00 ‖ `bytes`): the leaf of an entry of the log, or of a block of format 0.
    package static func leaf(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        leaf(bytes, names: [])
    }

    /// SHA-256(0x00 ‖ `names` ‖ `block`): the leaf of a stored block, see `LeafNames`. Cost: one
    /// pass over the bytes.
    package static func leaf(_ block: UnsafeRawBufferPointer, names: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        withUnsafeBytes(of: UInt8(0)) { hash.update(bufferPointer: $0) }
        hash.update(data: names)
        hash.update(bufferPointer: block)
        return Array(hash.finalize())
    }

    /// SHA-256(0x01 ‖ `left` ‖ `right`): an inner node.
    static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        withUnsafeBytes(of: UInt8(1)) { hash.update(bufferPointer: $0) }
        hash.update(data: left)
        hash.update(data: right)
        return Array(hash.finalize())
    }

    /// The same of both, one behind the other, written to 32 bytes that may be among them. Cost:
    /// 0.3 µs.
    static func node(_ pair: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) {
        var hash = SHA256()
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 1) { raw in
            raw[0] = 1
            UnsafeMutableRawBufferPointer(rebasing: raw[1...]).copyMemory(from: pair)
            hash.update(bufferPointer: UnsafeRawBufferPointer(raw))
        }
        hash.finalize().withUnsafeBytes { out.copyMemory(from: $0) }
    }

    package static func of(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return Array(hash.finalize())
    }

    package static func hex(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(hexDigits[Int(byte >> 4)])
            text.append(hexDigits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}

/// A running SHA-256 over a file, which can be asked for its value before the end.
package struct RunningDigest {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
    }

    mutating func update(_ byte: UInt8) {
        withUnsafeBytes(of: byte) { hash.update(bufferPointer: $0) }
    }

    package func value() -> [UInt8] { Array(hash.finalize()) }

    /// The same without an array.
    var inline: DigestValue { hash.finalize().withUnsafeBytes(DigestValue.init) }
}

/// A SHA-256 that is no object of its own: for what runs once a block.
package struct DigestValue: Equatable, Sendable, BitwiseCopyable {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// Reads 32 bytes.
    init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Digest.byteCount, "a SHA-256 has 32 bytes")
        words = bytes.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self)
    }

    package init(_ bytes: [UInt8]) { self = bytes.withUnsafeBytes(Self.init) }

    var bytes: [UInt8] { withUnsafeBytes(of: self) { Array($0) } }

    package static func == (a: DigestValue, b: DigestValue) -> Bool { a.words == b.words }
}
