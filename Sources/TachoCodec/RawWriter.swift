/// Writes into memory that is known to be large enough.
///
/// Unchecked: `ChunkEncoder` reserves what the largest possible block needs, and each column checks
/// once that its own largest size is left.
struct RawWriter {
    private(set) var next: UnsafeMutableRawPointer
    private let start: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer

    init(_ memory: UnsafeMutableRawBufferPointer) {
        start = memory.baseAddress!
        end = start + memory.count
        next = start
    }

    var count: Int { next - start }

    func require(_ bytes: Int) { precondition(end - next >= bytes, "the scratch is too small") }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        next.storeBytes(of: byte, as: UInt8.self)
        next += 1
    }

    /// Little-endian, as wide as the type.
    @inline(__always)
    mutating func putInteger<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        next.storeBytes(of: value.littleEndian, as: T.self)
        next += MemoryLayout<T>.size
    }

    @inline(__always)
    mutating func putVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            put(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        put(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    mutating func putZigzag(_ value: Int64) { putVarint(Zigzag.encode(value)) }

    /// After `body` has written that many bytes itself.
    @inline(__always)
    mutating func advance(_ bytes: Int) { next += bytes }

    mutating func put(_ raw: UnsafeRawBufferPointer) {
        if let from = raw.baseAddress { next.copyMemory(from: from, byteCount: raw.count) }
        next += raw.count
    }
}
