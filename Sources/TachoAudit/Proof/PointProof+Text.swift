extension PointProof {
    package func encoded() -> [UInt8] {
        var out = Array("\(Self.title)\nrider ".utf8) + rider + Array("\ntime \(tsMs)\n".utf8)
        for note in rotations { Self.append("key", note.encoded(), to: &out) }
        for block in blocks {
            let kind = block.kind == .fixes ? "fixes" : "amendments"
            out += Array("block \(kind)\nnumber \(block.number)\noffset \(block.offset)\n".utf8)
            Self.append("names", block.names, to: &out)
            Self.append("stored", block.stored, to: &out)
            for hash in block.path { Self.append("path", hash, to: &out) }
            Self.append("entry", block.entry, to: &out)
            let proof = block.log.encoded()
            out += Array("proof \(proof.count { $0 == 0x0A })\n".utf8) + proof
        }
        return out
    }

    private static func append(_ word: String, _ bytes: [UInt8], to out: inout [UInt8]) {
        out += Array("\(word) \(Base64Text.encode(bytes))\n".utf8)
    }

    /// Reads a proof. Text that `encoded` would not make again is refused.
    package init(parsing bytes: [UInt8]) throws(ProofError) {
        var lines = ProofLines(bytes)
        let title = String(decoding: try lines.next().prefix(40), as: UTF8.self)
        guard title == Self.title else {
            throw title.hasPrefix("tacho-proof ")
                ? ProofError(.unknownVersion, "\"\(title)\" is unknown here")
                : ProofError(.format, "it does not start with \(Self.title)")
        }
        rider = Array(try lines.value("rider"))
        guard let time = Int64(String(decoding: try lines.value("time"), as: UTF8.self)) else {
            throw ProofError(.format, "its time is no number")
        }
        tsMs = time
        var rotations: [SignedNote] = []
        while lines.isNext("key") { rotations.append(try lines.note("key")) }
        self.rotations = rotations
        var blocks: [Block] = []
        repeat { blocks.append(try Block(&lines)) } while !lines.isAtEnd
        self.blocks = blocks
        guard encoded() == bytes else { throw ProofError(.format, "it is not in canonical form") }
    }
}

extension PointProof.Block {
    fileprivate init(_ lines: inout ProofLines) throws(ProofError) {
        switch String(decoding: try lines.value("block"), as: UTF8.self) {
        case "fixes": kind = .fixes
        case "amendments": kind = .amendments
        default: throw ProofError(.format, "a block is of no known kind")
        }
        number = try lines.number("number")
        offset = try lines.number("offset")
        names = try lines.bytes("names")
        stored = try lines.bytes("stored")
        var path: [[UInt8]] = []
        while lines.isNext("path") { path.append(try lines.bytes("path")) }
        self.path = path
        entry = try lines.bytes("entry")
        let proof = try lines.take(try lines.number("proof"))
        do throws(NoteError) {
            log = try LogProof(parsing: proof)
        } catch {
            throw ProofError(.format, error.message)
        }
    }
}

/// Takes the text apart, line by line.
private struct ProofLines {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    func isNext(_ word: String) -> Bool { rest.starts(with: (word + " ").utf8) }

    mutating func next() throws(ProofError) -> ArraySlice<UInt8> {
        guard let end = rest.firstIndex(of: 0x0A) else { throw ProofError(.format, "it is cut") }
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }

    mutating func value(_ word: String) throws(ProofError) -> ArraySlice<UInt8> {
        guard isNext(word) else { throw ProofError(.format, "a line is not \"\(word)\"") }
        return try next().dropFirst(word.utf8.count + 1)
    }

    mutating func number(_ word: String) throws(ProofError) -> UInt64 {
        guard let number = CanonicalText.number(try value(word)) else {
            throw ProofError(.format, "the value of \(word) is no number")
        }
        return number
    }

    mutating func bytes(_ word: String) throws(ProofError) -> [UInt8] {
        guard let bytes = Base64Text.decode(try value(word)) else {
            throw ProofError(.format, "the value of \(word) is no base 64")
        }
        return bytes
    }

    mutating func note(_ word: String) throws(ProofError) -> SignedNote {
        do throws(NoteError) {
            return try SignedNote(parsing: try noteBytes(word))
        } catch {
            throw ProofError(.format, error.message)
        }
    }

    private mutating func noteBytes(_ word: String) throws(NoteError) -> [UInt8] {
        do throws(ProofError) {
            return try bytes(word)
        } catch {
            throw .format(error.detail)
        }
    }

    /// The bytes of the next `count` lines.
    mutating func take(_ count: UInt64) throws(ProofError) -> [UInt8] {
        let start = rest
        var done: UInt64 = 0
        while done < count {
            _ = try next()
            done += 1
        }
        return Array(start[..<rest.startIndex])
    }
}
