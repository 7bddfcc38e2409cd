/// Cuts bytes that come in pieces into lines. Lines end in LF or CRLF; a byte order mark before the
/// first is skipped.
///
/// Memory: `maxBytes` beyond the piece fed. Lines that lie whole in a piece are not copied.
struct LineSplitter {
    /// A line as long as a CSV row may be; of a longer one the start is handed out.
    static let maxBytes = CSVFixReader.maxRowBytes

    struct Line {
        /// The first is 1.
        var number: Int
        /// Without its line break.
        var bytes: UnsafeRawBufferPointer
        var isCut: Bool
    }

    private var pending: [UInt8] = []
    /// Within a line that was too long and has been handed out already.
    private var isSkipping = false
    private var number = 1

    var bufferedBytes: Int { pending.count }

    mutating func feed(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, _ body: (Line) throws -> Void
    ) rethrows {
        var at = 0
        while let end = bytes[at...].firstIndex(of: UInt8(ascii: "\n")) {
            if !isSkipping {
                if pending.isEmpty {
                    try deliver(UnsafeRawBufferPointer(rebasing: bytes[at..<end]), body)
                } else {
                    pending.append(contentsOf: bytes[at..<end])
                    try deliverPending(body)
                }
            }
            isSkipping = false
            number += 1
            at = end + 1
        }
        guard !isSkipping else { return }
        pending.append(contentsOf: bytes[at...])
        if pending.count > Self.maxBytes + Self.markBytes {
            try deliverPending(body)
            isSkipping = true
        } else if isLast && !pending.isEmpty {
            try deliverPending(body)
        }
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    private static let markBytes = 3

    private mutating func deliverPending(_ body: (Line) throws -> Void) rethrows {
        try pending.withUnsafeBytes { try deliver($0, body) }
        pending.removeAll(keepingCapacity: true)
    }

    private func deliver(
        _ whole: UnsafeRawBufferPointer, _ body: (Line) throws -> Void
    ) rethrows {
        var line = whole[...]
        if number == 1 && line.starts(with: Self.mark) { line = line.dropFirst(Self.markBytes) }
        let isCut = line.count > Self.maxBytes
        line = line.prefix(Self.maxBytes)
        if !isCut && line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        try body(
            Line(number: number, bytes: UnsafeRawBufferPointer(rebasing: line), isCut: isCut))
    }
}
