import TachoAudit
import TachoCodec
import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Says what Tacho thinks of proofs, checkpoints and tiles: the same questions and answers as
/// `tools/campaigns/go/logjudge`, so that a campaign can compare both. And it makes logs:
///
///     tacho-log-judge fill AUDIT KEY WITNESS-KEY COUNT SEED
///
/// seals COUNT small segments into AUDIT, logs them in portions of 1 to 20, signs and cosigns each
/// head, and prints every checkpoint in base 64.

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

enum Hex {
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    static func hashes(_ text: String) -> [[UInt8]]? {
        if text == "-" { return [] }
        guard let bytes = decode(text), bytes.count % 32 == 0 else { return nil }
        return stride(from: 0, to: bytes.count, by: 32).map { Array(bytes[$0..<$0 + 32]) }
    }
}

/// Answers one question; nil for "no".
func answer(_ words: [String]) throws -> String? {
    switch (words.first, words.count) {
    case ("inclusion", 6), ("consistency", 6):
        guard let first = UInt64(words[1]), let size = UInt64(words[2]),
            let a = Hex.decode(words[3]), let root = Hex.decode(words[4]),
            let path = Hex.hashes(words[5])
        else { return nil }
        if words[0] == "inclusion" {
            let found = MerkleProof.root(leaf: a, index: first, size: size, path: path)
            return found == root ? "ok" : nil
        }
        return MerkleProof.isConsistent(
            oldSize: first, oldRoot: a, size: size, root: root, path: path) ? "ok" : nil
    case ("checkpoint", 3):
        guard let bytes = Base64Text.decode(words[2].utf8) else { return nil }
        let key = try VerifierKey(text: words[1])
        let checkpoint = try SignedCheckpoint(parsing: bytes)
        try checkpoint.note.verify(by: key)
        return "ok"
    case ("prove-inclusion", 5), ("prove-consistency", 5):
        guard let size = UInt64(words[2]), let root = Hex.decode(words[3]),
            let number = UInt64(words[4])
        else { return nil }
        // The audit directory is the one above the log's folder.
        let reader = LogReader(audit: words[1] + "/..")
        guard let head = try reader.head() else { return nil }
        var nodes = TileNodes(reader, size: head.size)
        guard try nodes.root(size: size) == root else { return nil }
        let path =
            words[0] == "prove-inclusion"
            ? try nodes.inclusion(of: number, size: size)
            : try nodes.consistency(from: number, to: size)
        return path.isEmpty ? "-" : path.map { Digest.hex($0) }.joined()
    default: return nil
    }
}

/// One small segment of one rider, chained to the one before.
func seal(_ id: UInt64, _ audit: String, _ previous: [UInt8]) throws -> [UInt8] {
    let interval = SegmentInterval(
        segmentID: id, partition: 0, firstSequence: id, lastSequence: id,
        previousSHA256: previous, ruleSet: 1)
    let fix = StoredFix(
        fix: Fix(tsMs: Int64(id) * 1_000, latE7: 375_000_000, lonE7: 1_270_000_000),
        provenance: .live, vehicle: .any, verdict: Verdict(), recvMs: Int64(id) * 1_000,
        claimedRecvMs: 0)
    let temporary = audit + "/tmp/\(id)"
    var writer = try SegmentWriter(path: temporary, interval: interval)
    try [fix].withUnsafeBufferPointer { fixes in
        try [0 as UInt32].withUnsafeBufferPointer {
            try writer.add(rider: Array("rider \(id % 7)".utf8), fixes: fixes, arrivals: $0)
        }
    }
    let summary = try writer.finish()
    guard rename(temporary, audit + "/" + AuditDirectory.fileName(id)) == 0 else {
        throw LogError(.inputOutput, file: temporary, "rename failed")
    }
    return summary.sha256
}

func fill(_ words: [String]) throws {
    guard words.count == 7, let count = UInt64(words[5]), let seed = UInt64(words[6]) else {
        let usage = "usage: tacho-log-judge fill AUDIT KEY WITNESS-KEY COUNT SEED\n"
        _ = usage.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        exit(64)
    }
    let audit = words[2]
    let (key, witness) = (try KeyFile.read(words[3]), try KeyFile.read(words[4]))
    var random = SeededRandom(seed: seed)
    var previous = Digest.none
    var done: UInt64 = 0
    while done < count {
        let end = min(count, done + UInt64.random(in: 1...20, using: &random))
        for id in done + 1...end { previous = try seal(id, audit, previous) }
        var log = try LogWriter(audit: audit, origin: key.verifier.name, partition: 0)
        try log.append(throughSegment: end)
        try log.sign(with: key)
        _ = consume log
        let checkpoint = try LogSigning.cosign(
            audit: audit, key: witness, log: key.verifier, state: audit + "/tmp/seen",
            seconds: 1_700_000_000 + end)
        print(Base64Text.encode(checkpoint.encoded()))
        done = end
    }
}

if CommandLine.arguments.dropFirst().first == "fill" {
    try fill(CommandLine.arguments)
} else {
    while let line = readLine() {
        print((try? answer(line.split(separator: " ").map(String.init))) ?? "no")
        fflush(nil)
    }
}
