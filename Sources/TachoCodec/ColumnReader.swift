/// A byte reader that knows which column it is in, so that every refusal can name it.
struct ColumnReader {
    private var reader: ByteReader
    var column: Column = .time

    init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes) }

    var isAtEnd: Bool { reader.isAtEnd }

    mutating func byte() throws(ColumnError) -> UInt8 {
        do throws(ByteReadError) { return try reader.read() } catch {
            throw ColumnError(error, in: column)
        }
    }

    mutating func varint() throws(ColumnError) -> UInt64 {
        do throws(ByteReadError) { return try reader.readVarint() } catch {
            throw ColumnError(error, in: column)
        }
    }

    mutating func zigzag() throws(ColumnError) -> Int64 { Zigzag.decode(try varint()) }

    mutating func take(_ count: Int) throws(ColumnError) -> UnsafeRawBufferPointer {
        do throws(ByteReadError) { return try reader.take(count) } catch {
            throw ColumnError(error, in: column)
        }
    }
}
