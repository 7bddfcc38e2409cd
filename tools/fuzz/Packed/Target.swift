/// The packed batch of T.PUT. Each input is read as it is, and once more with a header that fits
/// its length: mutations rarely hit that by themselves.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPacked(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: bytes, count: count)
    PackedCheck.run(input)
    guard count >= PackedBatch.headerBytes else { return 0 }
    withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { memory in
        memory.copyMemory(from: input)
        fit(memory)
        PackedCheck.run(UnsafeRawBufferPointer(memory))
    }
    return 0
}

/// Makes header and lengths of names ask for exactly the bytes there are, and rows name riders of
/// the table. The input's own numbers say how many of what.
private func fit(_ memory: UnsafeMutableRawBufferPointer) {
    let body = memory.count - PackedBatch.headerBytes
    let mostRows = body / PackedBatch.rowBytes
    let rows = mostRows == 0 ? 0 : Int(memory[8]) % (mostRows + 1)
    let rest = body - rows * PackedBatch.rowBytes
    let riders = rest == 0 ? 0 : 1 + Int(memory[6]) % rest
    memory.copyBytes(from: PackedBatch.magic)
    memory[4] = PackedBatch.version
    memory[5] = 0
    memory.storeBytes(
        of: UInt16(truncatingIfNeeded: riders).littleEndian, toByteOffset: 6, as: UInt16.self)
    memory.storeBytes(of: UInt32(rows).littleEndian, toByteOffset: 8, as: UInt32.self)
    let lengths = PackedBatch.headerBytes + rows * PackedBatch.rowBytes
    var left = rest - riders
    for rider in 0..<riders {
        let length = rider == riders - 1 ? min(left, 255) : min(left, Int(memory[lengths + rider]))
        memory[lengths + rider] = UInt8(length)
        left -= length
    }
    guard riders > 0 else { return }
    for row in 0..<rows where memory[lengths - 1 - row * 36] < 0xF0 {
        let last = PackedBatch.headerBytes + row * PackedBatch.rowBytes + PackedBatch.Row.zero
        memory[last] = 0
        memory[last + 1] = UInt8(Int(memory[last + 1]) % min(riders, 256))
        memory[last + 2] = 0
    }
}
