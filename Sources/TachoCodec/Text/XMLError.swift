/// Why XML cannot be read on, and where that shows.
package struct XMLError: FixFileError, Equatable {
    package var what: String
    package var at: XMLPosition

    package var message: String { "line \(at.line), column \(at.column): \(what)" }
}

/// A place in a text file; both count from 1, columns in characters.
package struct XMLPosition: Equatable, Sendable {
    package var line = 1
    package var column = 1

    /// Goes on to behind these bytes.
    mutating func advance(over bytes: Slice<UnsafeRawBufferPointer>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
    }
}
