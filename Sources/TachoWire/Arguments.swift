/// The arguments of one request as slices of its bytes. Borrowed: valid only inside the call that
/// hands it out.
package struct Arguments {
    private let bytes: UnsafeRawBufferPointer
    private let slices: UnsafeBufferPointer<ArgumentSlice>

    package init(bytes: UnsafeRawBufferPointer, slices: UnsafeBufferPointer<ArgumentSlice>) {
        self.bytes = bytes
        self.slices = slices
    }

    /// The command's name is argument 0.
    package var count: Int { slices.count }

    package subscript(index: Int) -> UnsafeRawBufferPointer {
        precondition(index >= 0 && index < slices.count, "argument \(index) of \(slices.count)")
        let slice = slices[index]
        let (start, end) = (Int(slice.start), Int(slice.start) + Int(slice.count))
        precondition(end <= bytes.count, "an argument ends behind its request")
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    /// nil for the text `-`, which stands for unknown in T.MADDX and T.IMPORT.
    @inline(__always) func known(_ index: Int) -> UnsafeRawBufferPointer? {
        let text = self[index]
        return text.count == 1 && text[0] == UInt8(ascii: "-") ? nil : text
    }

    /// Whether the argument is `word`, written in capitals, in any case.
    func isWord(_ index: Int, _ word: StaticString) -> Bool {
        let text = self[index]
        guard text.count == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { capitals in
            for i in 0..<text.count where upper(text[i]) != capitals[i] { return false }
            return true
        }
    }

    /// The argument for people: broken UTF-8 and control characters replaced, at most 64 bytes.
    func shown(_ index: Int) -> String { Self.shown(self[index]) }

    package static func shown(_ text: UnsafeRawBufferPointer) -> String {
        let cut = text.prefix(64).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
        return String(decoding: cut, as: UTF8.self) + (text.count > 64 ? "..." : "")
    }

    /// An owned copy, for what outlives the request.
    package func copy(_ index: Int) -> [UInt8] { Array(self[index]) }
}

@inline(__always) func upper(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "a") < 26 ? byte & 0xDF : byte
}

extension RequestParser {
    /// Hands out the arguments of the request that `next` returned last. `bytes` starts where the
    /// bytes of that call started.
    package func withArguments<R>(
        of bytes: UnsafeRawBufferPointer, _ body: (Arguments) throws -> R
    ) rethrows -> R {
        try slices.withUnsafeBufferPointer {
            try body(Arguments(bytes: bytes, slices: $0))
        }
    }
}
