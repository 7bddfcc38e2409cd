import Foundation
import Testing

@testable import TachoAudit

@Suite struct LogSigningTests {
    private static let key = LogSample.key()
    private static let witness = LogSample.key("witness.example/w", .witness)

    private static func append(_ id: UInt64, to directory: TemporaryDirectory) throws {
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: id)
    }

    private func sign(_ directory: TemporaryDirectory, _ state: String) throws -> SignedCheckpoint {
        try LogSigning.sign(audit: directory.path, key: Self.key, state: state)
    }

    private func cosign(
        _ directory: TemporaryDirectory, _ state: String, log: SigningKey = key
    ) throws -> SignedCheckpoint {
        try LogSigning.cosign(
            audit: directory.path, key: Self.witness, log: log.verifier, state: state,
            seconds: 1_700_000_000)
    }

    @Test func `what the server stored is signed elsewhere and cosigned by a witness`() throws {
        let directory = try LogSample.segments(4)
        let (state, seen) = (directory.path + "/state", directory.path + "/seen")
        for id in 1...4 as ClosedRange<UInt64> {
            try Self.append(id, to: directory)
            #expect(try sign(directory, state).head.size == id)
            let checkpoint = try cosign(directory, seen)
            #expect(checkpoint.note.signatures.count == 2)
            let again = try sign(directory, state)
            #expect(again == checkpoint, "signing again keeps the cosignature")
        }
        let pins = LogSample.pins(Self.key.verifier, witnesses: [Self.witness.verifier])
        #expect(LogSample.verify(directory, pins).findings == [])
        #expect(try TrustFile.read(seen)?.checkpoint.head.size == 4)
    }

    @Test func `a segment that is not the logged one is not signed`() throws {
        let directory = try LogSample.segments(3)
        try Self.append(3, to: directory)
        let good = try directory.read(2)
        var bytes = good
        bytes[300] ^= 1
        try directory.write(bytes, as: 2)
        let state = directory.path + "/state"
        #expect(throws: LogError(.entryDiffers, file: "", "")) { try sign(directory, state) }
        try directory.remove(2)
        #expect(throws: LogError(.segment, file: "", "")) { try sign(directory, state) }
        #expect(try LogReader(audit: directory.path).checkpoint() == nil)
        try directory.write(good, as: 2)
        #expect(try sign(directory, state).head.size == 3)
    }

    @Test func `a directory that was set back or exchanged is not signed`() throws {
        let directory = try LogSample.segments(3)
        try Self.append(3, to: directory)
        let state = directory.path + "/state"
        _ = try sign(directory, state)
        let shorter = try LogSample.segments(2)
        try Self.append(2, to: shorter)
        #expect(throws: LogError(.rollback, file: "", "")) { try sign(shorter, state) }
        let fork = try LogSample.segments(4, seed: 81)
        try Self.append(4, to: fork)
        #expect(throws: LogError(.fork, file: "", "")) { try sign(fork, state) }
        #expect(try LogReader(audit: fork.path).checkpoint() == nil)
    }

    @Test func `a witness refuses forks, rollbacks, other keys and unsigned logs`() throws {
        let directory = try LogSample.signed(3, by: Self.key)
        let seen = directory.path + "/seen"
        _ = try cosign(directory, seen)
        let before = try FileBytes.read(seen)
        for (log, code) in [
            (try LogSample.signed(2, by: Self.key), .rollback),
            (try LogSample.signed(4, by: Self.key, seed: 81), .fork),
            (try LogSample.signed(3, by: Self.key, seed: 81), .fork),
            (try LogSample.signed(4, by: LogSample.key()), .wrongKey),
            (try LogSample.segments(1), .noLog),
        ] as [(TemporaryDirectory, LogError.Code)] {
            #expect(throws: LogError(code, file: "", "")) { try cosign(log, seen) }
            #expect(try FileBytes.read(seen) == before)
            guard let checkpoint = try LogReader(audit: log.path).checkpoint() else { continue }
            #expect(checkpoint.note.signatures.count == 1)
        }
        #expect(LogError(.fork, file: "", "").exit == .fork)
        #expect(LogError(.rollback, file: "", "").exit == .fork)
    }

    @Test func `a witness follows the keys`() throws {
        let next = LogSample.key()
        let directory = try LogSample.signed(3, by: Self.key)
        let seen = directory.path + "/seen"
        _ = try cosign(directory, seen)
        var log = try LogSample.writer(directory)
        try log.rotateKey(from: Self.key, to: next.verifier)
        try log.sign(with: next)
        _ = consume log
        #expect(try cosign(directory, seen).head.size == 4)
        #expect(try cosign(directory, seen, log: next).head.size == 4)
        #expect(throws: LogError(.wrongKey, file: "", "")) {
            try cosign(directory, seen, log: LogSample.key())
        }
    }

    @Test func `a trust file reads back and refuses every cut`() throws {
        let directory = try LogSample.signed(1, by: Self.key)
        let checkpoint = try SignedCheckpoint(parsing: directory.readLog("checkpoint"))
        for key in [nil, Self.key.verifier] {
            let trust = TrustFile(key: key, checkpoint: checkpoint)
            let path = directory.path + "/trust"
            try trust.write(path)
            #expect(try TrustFile.read(path) == trust)
            let bytes = try FileBytes.read(path)
            for count in 0..<bytes.count - 1 {
                try FileBytes.write(Array(bytes[..<count]), path)
                #expect(throws: LogError.self, "cut to \(count) bytes") {
                    try TrustFile.read(path)
                }
            }
        }
        #expect(try TrustFile.read(directory.path + "/none") == nil)
    }
}
