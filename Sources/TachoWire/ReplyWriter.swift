import TachoGeo

/// Writes replies one after another into one reused array of bytes, in either version of RESP:
/// those that differ are in `ReplyTypes`.
package struct ReplyWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    /// Of what is written from now on.
    package var version: RespVersion

    package init(_ version: RespVersion = .two) { self.version = version }

    package var count: Int { bytes.count }

    /// Drops the replies written after the first `count` bytes.
    package mutating func truncate(to count: Int) {
        bytes.removeLast(bytes.count - count)
    }

    /// What was written so far; starts anew, with as much room.
    package mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        taken.reserveCapacity(bytes.capacity)
        swap(&taken, &bytes)
        return taken
    }

    /// Starts anew; keeps the memory unless a long reply made it large.
    package mutating func removeAll() {
        if bytes.capacity > Self.keptBytes {
            bytes = []
        } else {
            bytes.removeAll(keepingCapacity: true)
        }
    }

    private static let keptBytes = 1 << 18

    /// Exchanges memory with one that is shared by many writers, so that each need not keep its own:
    /// nothing may be written.
    package mutating func exchange(with shared: inout [UInt8]) {
        assert(bytes.isEmpty && shared.isEmpty, "replies in the memory that is exchanged")
        swap(&bytes, &shared)
    }

    package var capacity: Int { bytes.capacity }

    /// Starts anew without any memory.
    package mutating func drop() { bytes = [] }

    /// `+text`.
    package mutating func simple(_ text: StaticString) {
        bytes.append(UInt8(ascii: "+"))
        append(text)
        lineEnd()
    }

    /// The same with a text that is not known beforehand, without line ends.
    package mutating func status(_ text: String) {
        bytes.append(UInt8(ascii: "+"))
        bytes.append(contentsOf: text.utf8)
        lineEnd()
    }

    /// `-message`, where the message starts with its kind: `ERR`, `TRYAGAIN`. Line ends inside
    /// become spaces, so that a client's own text cannot forge a reply.
    package mutating func error(_ message: String) {
        bytes.append(UInt8(ascii: "-"))
        for byte in message.utf8 {
            bytes.append(byte == 0x0D || byte == 0x0A ? UInt8(ascii: " ") : byte)
        }
        lineEnd()
    }

    package mutating func integer(_ value: Int64) {
        bytes.append(UInt8(ascii: ":"))
        Decimal.appendInteger(value, to: &bytes)
        lineEnd()
    }

    /// Several fields in one piece, at most 224 bytes of text: for what is written by the million.
    package mutating func fields(_ write: (inout ReplyFields) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { memory in
            var fields = ReplyFields(memory, version)
            write(&fields)
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: memory[..<fields.count]))
        }
    }

    /// The same for replies that come by the thousand: `write` is called for one item after the
    /// other, with 1 KiB of room at least, until it says that there is none left. What they
    /// wrote is taken over a piece at a time; after each, `whenTaken` may hand on what there is.
    /// False: `limit` bytes are exceeded.
    package mutating func items(
        upTo limit: Int, whenTaken: (inout ReplyWriter) -> Void,
        _ write: (inout ReplyFields) -> Bool
    ) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.pieceBytes) { memory in
            var hasMore = true
            while hasMore {
                var fields = ReplyFields(memory, version)
                repeat {
                    hasMore = write(&fields)
                } while hasMore && fields.count <= Self.pieceBytes - 1024
                guard bytes.count + fields.count <= limit else { return false }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: memory[..<fields.count]))
                whenTaken(&self)
            }
            return true
        }
    }

    private static let pieceBytes = 1 << 15

    /// Room for so many bytes more, so that what follows is not copied while it grows.
    package mutating func reserve(_ more: Int) { bytes.reserveCapacity(bytes.count + more) }

    package mutating func bulk(_ content: some Collection<UInt8>) {
        header(UInt8(ascii: "$"), content.count)
        bytes.append(contentsOf: content)
        lineEnd()
    }

    package mutating func bulk(_ content: UnsafeRawBufferPointer) {
        header(UInt8(ascii: "$"), content.count)
        bytes.append(contentsOf: content)
        lineEnd()
    }

    package mutating func bulk(_ text: String) { bulk(text.utf8) }

    package mutating func bulk(_ text: StaticString) {
        header(UInt8(ascii: "$"), text.utf8CodeUnitCount)
        append(text)
        lineEnd()
    }

    /// An unknown value.
    package mutating func null() { append(version == .two ? "$-1\r\n" : "_\r\n") }

    /// Where an array would stand: no fix, no entries.
    package mutating func nullArray() { append(version == .two ? "*-1\r\n" : "_\r\n") }

    /// The `count` replies written next are its elements.
    package mutating func array(_ count: Int) { header(UInt8(ascii: "*"), count) }

    package mutating func append(contentsOf other: [UInt8]) {
        if bytes.isEmpty { bytes = other } else { bytes.append(contentsOf: other) }
    }

    mutating func header(_ kind: UInt8, _ count: Int) {
        bytes.append(kind)
        Decimal.appendInteger(Int64(count), to: &bytes)
        lineEnd()
    }

    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func append(text: some Collection<UInt8>) { bytes.append(contentsOf: text) }

    mutating func lineEnd() {
        bytes.append(0x0D)
        bytes.append(0x0A)
    }
}
