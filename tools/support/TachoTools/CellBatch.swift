internal import TachoClient
internal import TachoGeo

/// `tacho cell --batch`: one question a line in, one answer a line out.
package struct CellBatch {
    private var line: [UInt8] = []
    private var number = 0
    private let name: String
    private let output: Output

    /// A million cells; bounds memory when the input is no text.
    private static let maxLineBytes = 16 << 20

    package static func run(_ input: InputFile, to output: Output) throws {
        var batch = CellBatch(
            name: input.path == "-" ? "standard input" : input.path, output: output)
        do {
            while let piece = try input.next(), !piece.isEmpty { try batch.feed(piece) }
            if !batch.line.isEmpty { try batch.answer() }
        } catch let failure as ToolFailure {
            // What was asked before the failure is answered.
            try output.flush()
            throw failure
        }
        try output.flush()
    }

    private init(name: String, output: Output) {
        self.name = name
        self.output = output
    }

    private mutating func feed(_ bytes: UnsafeRawBufferPointer) throws {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                try answer()
            } else if line.count < Self.maxLineBytes {
                line.append(byte)
            } else {
                throw failure("more than \(Self.maxLineBytes) bytes in a line", at: number + 1)
            }
        }
    }

    private mutating func answer() throws {
        number += 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        defer { line.removeAll(keepingCapacity: true) }
        do {
            let fields = String(decoding: line, as: UTF8.self).split { $0 == " " || $0 == "\t" }
            try output.line(try CellQuestion(fields: fields.map(String.init)).answer())
        } catch let defect as CellQuery.Defect {
            throw failure(defect.message, at: number)
        }
    }

    private func failure(_ message: String, at line: Int) -> ToolFailure {
        ToolFailure(ExitStatus.badData, "\(name), line \(line): \(message)")
    }
}
