extension Packing {
    /// Reads `count` values into `out`. `room`: memory for as many places and patches.
    static func read(
        _ reader: inout ColumnReader, count: Int, into out: UnsafeMutablePointer<UInt64>,
        room: PatchRoom
    ) throws(ColumnError) {
        let form = Int(try reader.byte())
        if form == rice { return try Rice.read(&reader, count: count, into: out, room: room) }
        if form == patched { return try readPatched(&reader, count, out, room) }
        if form == planes { return try readPlanes(&reader, count, out, room) }
        guard form >= smallestLog2 && form <= largestLog2 else {
            throw .badPacking(reader.column)
        }
        var start = 0
        while start < count {
            let length = min(1 << form, count - start)
            let width = Int(try reader.byte())
            try reader.packed(width, length, into: out + start)
            start += length
        }
    }

    private static func readPatched(
        _ reader: inout ColumnReader, _ count: Int, _ out: UnsafeMutablePointer<UInt64>,
        _ room: PatchRoom
    ) throws(ColumnError) {
        let width = Int(try reader.byte())
        let patchWidth = Int(try reader.byte())
        let patches = try reader.varint()
        guard patchWidth > 0, width + patchWidth <= 64, patches > 0, patches <= count else {
            throw .badPacking(reader.column)
        }
        try reader.packed(width, count, into: out)
        try patch(&reader, count, Int(patches), width, patchWidth, out, room)
    }

    /// Adds what stands above the low bits of some values.
    static func patch(
        _ reader: inout ColumnReader, _ count: Int, _ patches: Int, _ width: Int,
        _ patchWidth: Int, _ out: UnsafeMutablePointer<UInt64>,
        _ room: PatchRoom
    ) throws(ColumnError) {
        try reader.packed(indexWidth(count), patches, into: room.places)
        try reader.packed(patchWidth, patches, into: room.patches)
        var next: UInt64 = 0
        for i in 0..<patches {
            let place = room.places[i]
            guard place >= next, place < UInt64(count) else { throw .badPacking(reader.column) }
            // Both widths together are 64 at most: the shift is below 64. What a patch adds is all that
            // lies above: a Rice code with a quotient there too would have two readings.
            guard out[Int(place)] &>> UInt64(width) == 0 else { throw .badPacking(reader.column) }
            out[Int(place)] |= room.patches[i] &<< UInt64(width)
            next = place &+ 1
        }
    }
}

/// Memory for the places of patches, or for planes, and for what patches add.
struct PatchRoom {
    let places: UnsafeMutablePointer<UInt64>
    let patches: UnsafeMutablePointer<UInt64>
}
