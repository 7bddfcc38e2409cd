/// A place in a fixed-size record: the code's side of a table row of `format-spec.md`.
///
/// A test compares every list of fields with its table, so neither can move alone.
package struct Field: Equatable, Sendable {
    package let name: String
    /// Bytes from the start of the record.
    package let offset: Int
    /// Bytes.
    package let size: Int

    init(_ name: String, _ offset: Int, _ size: Int) {
        self.name = name
        self.offset = offset
        self.size = size
    }

    var end: Int { offset + size }
}

/// A record being built: zeros, into which fields are put.
struct RecordBuilder {
    private(set) var bytes: [UInt8]

    init(count: Int) { bytes = Array(repeating: 0, count: count) }

    mutating func put<T: FixedWidthInteger>(_ value: T, _ field: Field) {
        precondition(MemoryLayout<T>.size == field.size, "\(field.name) has another width")
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: value.littleEndian, toByteOffset: field.offset, as: T.self)
        }
    }

    mutating func put(bytes source: [UInt8], _ field: Field) {
        precondition(source.count == field.size, "\(field.name) has another size")
        bytes.replaceSubrange(field.offset..<field.end, with: source)
    }
}

/// A record being read. The caller has checked that the bytes are all there.
struct RecordView {
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer, count: Int) {
        precondition(bytes.count >= count, "a record is read only after its length was checked")
        self.bytes = bytes
    }

    func get<T: FixedWidthInteger>(_ field: Field, as type: T.Type = T.self) -> T {
        precondition(MemoryLayout<T>.size == field.size, "\(field.name) has another width")
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: field.offset, as: T.self))
    }

    func array(_ field: Field) -> [UInt8] { Array(bytes[field.offset..<field.end]) }

    func isZero(_ field: Field) -> Bool { bytes[field.offset..<field.end].allSatisfy { $0 == 0 } }
}
