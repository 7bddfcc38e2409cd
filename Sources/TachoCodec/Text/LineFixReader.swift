/// Reads fixes from a file with one report a line.
protocol LineFixReader: FixReader {
    /// What is left of the last line.
    var lines: LineSplitter { get set }

    /// Takes a line and hands out the report in it, if there is one.
    mutating func take(
        _ line: LineSplitter.Line, _ deliver: (FixRecord) throws -> Void
    ) throws
}

extension LineFixReader {
    package var bufferedBytes: Int { lines.bufferedBytes }

    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, record: (FixRecord) throws -> Void
    ) throws {
        // Lent out, so that a line may be taken while the splitter goes on.
        var splitter = LineSplitter()
        swap(&splitter, &lines)
        defer { swap(&splitter, &lines) }
        try splitter.feed(bytes, isLast: isLast) { try take($0, record) }
    }
}
