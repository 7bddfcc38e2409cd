import TachoGeo

@testable import TachoCodec

/// What became of a file: the reports in order, the warnings, and why it ended early.
struct ReadFile: Equatable {
    var rows: [ReadRow] = []
    var warnings: [String] = []
    var failure: String?

    /// The good fixes among the rows; `dropped` counts those with a field less.
    var fixes: [Fix] = []
    var dropped = 0
    var reasons: [String] = []
    var peakBytes = 0

    /// Reads a whole file in pieces of `piece` bytes, each from memory of its own.
    init(_ bytes: [UInt8], piece: Int = 1 << 16, by maker: () -> any FixReader) {
        var reader = maker()
        var at = 0
        do {
            repeat {
                let end = min(at + piece, bytes.count)
                let copy = HeapBytes(Array(bytes[at..<end]))
                try reader.feed(copy.raw, isLast: end == bytes.count) { take($0) }
                peakBytes = max(peakBytes, reader.bufferedBytes)
                at = end
            } while at < bytes.count
        } catch let error as any FixFileError {
            failure = error.message
        } catch {
            failure = "unexpected \(error)"
        }
        warnings = reader.warnings
    }

    init(_ text: String, piece: Int = 1 << 16, by maker: () -> any FixReader) {
        self.init(Array(text.utf8), piece: piece, by: maker)
    }

    private mutating func take(_ record: FixRecord) {
        rows.append(ReadRow(record))
        if let defect = record.defect ?? RiderName.defect(record.rider) {
            reasons.append(record.reason(defect))
            return
        }
        switch record.text.read() {
        case .failure(let defect): reasons.append(record.reason(defect))
        case .success(let reading):
            fixes.append(reading.fix)
            dropped += reading.fieldDropped ? 1 : 0
        }
    }

    /// Without what depends on the cuts.
    var content: ReadFile {
        var copy = self
        copy.peakBytes = 0
        return copy
    }

    static func gpx(_ text: String, piece: Int = 1 << 16) -> ReadFile {
        ReadFile(text, piece: piece) { GPXFixReader(rider: Array("r".utf8)) }
    }

    static func ndjson(_ text: String, piece: Int = 1 << 16) -> ReadFile {
        ReadFile(text, piece: piece) { NDJSONFixReader(rider: []) }
    }

    static func plt(_ text: String, piece: Int = 1 << 16) -> ReadFile {
        ReadFile(text, piece: piece) { PLTFixReader(rider: Array("r".utf8)) }
    }
}
