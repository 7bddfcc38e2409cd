import Foundation
import Testing

@testable import TachoAudit

/// Keys, signing, cosigning and proving as users do them: words, exit codes, files.
@Suite struct LogCommandTests {
    private func run(_ arguments: String...) throws -> AuditCommandTests.Outcome {
        try AuditCommandTests.run(arguments)
    }

    /// A directory with `count` logged segments that nobody signed, and the keys of log and
    /// witness.
    private func prepared(_ count: UInt64 = 3) throws -> (
        directory: TemporaryDirectory, key: String, vkey: String, witness: String
    ) {
        let directory = try LogSample.segments(count)
        let key = directory.path + "/key"
        let made = try run("key", "new", "--name", LogSample.origin, "--out", key)
        #expect(made.code == 0, "\(made.errors)")
        let witness = directory.path + "/witness"
        #expect(
            try run("key", "new", "--witness", "--name", "w.example", "--out", witness).code == 0)
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: count)
        return (directory, key, String(made.output.dropLast()), witness)
    }

    @Test func `a key is made, shown and never printed whole`() throws {
        let (_, key, vkey, _) = try prepared(1)
        #expect(vkey.hasPrefix(LogSample.origin + "+"))
        #expect(try run("key", "show", key).output == vkey + "\n")
        #expect(try run("key", "show", key + ".pub").output == vkey + "\n")
        let again = try run("key", "new", "--name", LogSample.origin, "--out", key)
        #expect(again.code == 1)
        #expect(again.errors.contains("a key is never written over"))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
        let open = try run("key", "show", key)
        #expect(open.code == 1)
        #expect(open.errors.contains("chmod 600"))
        #expect(try run("key", "new", "--name", "two words", "--out", key + "2").code == 1)
    }

    @Test func `sign, witness and verify work together`() throws {
        let (directory, key, vkey, witness) = try prepared()
        let state = directory.path + "/state"
        let signed = try run(
            "sign", "--audit", directory.path, "--key", key, "--state", state, "--json")
        #expect(signed.code == 0, "\(signed.errors)")
        #expect(signed.output.hasPrefix(#"{"origin":"\#(LogSample.origin)","size":3,"root":""#))
        let cosigned = try run(
            "witness", "--audit", directory.path, "--key", witness, "--log-vkey", vkey, "--state",
            directory.path + "/seen")
        #expect(cosigned.code == 0, "\(cosigned.errors)")
        let trust = directory.path + "/trust"
        for _ in 0..<2 {
            let verified = try run(
                "verify", "--audit", directory.path, "--expect-vkey", vkey, "--trust", trust,
                "--witness", witness + ".pub")
            #expect(verified.code == 0, "\(verified.output)")
            #expect(verified.output.contains("at 3 entries, signed by \(vkey), 1 cosignatures"))
        }
        #expect(try TrustFile.read(trust)?.key?.text == vkey)
        // The trust file keeps the key: from now on it need not be given.
        #expect(try run("verify", "--audit", directory.path, "--trust", trust).code == 0)
    }

    @Test func `exit codes tell fork, missing segments, wrong key and no log apart`() throws {
        let (directory, key, vkey, witness) = try prepared()
        let (state, trust) = (directory.path + "/state", directory.path + "/trust")
        #expect(try run("sign", "--audit", directory.path, "--key", key).code == 0)
        #expect(try run("verify", "--audit", directory.path, "--trust", trust).code == 0)
        let fork = try LogSample.signed(4, by: KeyFile.read(key), seed: 71)
        let forked = try run("verify", "--audit", fork.path, "--trust", trust)
        #expect(forked.code == 4)
        #expect(forked.output.contains("does not begin with the accepted one"))
        try TrustFile(
            key: nil, checkpoint: SignedCheckpoint(parsing: directory.readLog("checkpoint"))
        ).write(state)
        for arguments in [
            ["sign", "--key", key], ["witness", "--key", witness, "--log-vkey", vkey],
        ] {
            let refused = try AuditCommandTests.run(
                arguments + ["--audit", fork.path, "--state", state])
            #expect(refused.code == 4, "\(refused.errors)")
        }
        try directory.remove(3)
        let missing = try run(
            "verify", "--audit", directory.path, "--expect-vkey", vkey, "--json")
        #expect(missing.code == 3)
        #expect(missing.output.contains(#""code":"entry_without_segment""#))
        let other = try run("key", "new", "--name", LogSample.origin, "--out", key + "2")
        let wrong = try run(
            "verify", "--audit", fork.path, "--expect-vkey", String(other.output.dropLast()))
        #expect(wrong.code == 2)
        #expect(wrong.output.contains("it is not signed by"))
        let plain = try LogSample.segments(1)
        #expect(try run("verify", "--audit", plain.path).code == 0)
        #expect(try run("verify", "--audit", plain.path, "--expect-vkey", vkey).code == 3)
        #expect(try run("verify", "--audit", plain.path, "--trust", trust).code == 4)
        #expect(try run("sign", "--audit", plain.path, "--key", key).code == 3)
        #expect(try run("sign", "--audit", plain.path, "--key", key + "none").code == 5)
    }

    @Test func `keys of the wrong kind are refused with what to do`() throws {
        let (directory, key, vkey, witness) = try prepared(1)
        for arguments in [
            ["verify", "--expect-vkey", witness + ".pub"], ["verify", "--witness", vkey],
            ["verify", "--expect-vkey", "nonsense"],
        ] {
            let refused = try AuditCommandTests.run(arguments + ["--audit", directory.path])
            #expect(refused.code == 1, "\(arguments)")
            #expect(refused.errors.filter { $0 == "\n" }.count == 1)
        }
        #expect(try run("sign", "--audit", directory.path, "--key", witness).code == 1)
        #expect(
            try run(
                "witness", "--audit", directory.path, "--key", key, "--log-vkey", vkey, "--state",
                directory.path + "/s"
            ).code == 1)
    }

    @Test func `a key is replaced and verifiers of the old one follow`() throws {
        let (directory, key, vkey, _) = try prepared()
        #expect(try run("sign", "--audit", directory.path, "--key", key).code == 0)
        let next = try run("key", "new", "--name", LogSample.origin, "--out", key + "2")
        let rotated = try run(
            "key", "rotate", "--audit", directory.path, "--old", key, "--new", key + "2")
        #expect(rotated.code == 0, "\(rotated.errors)")
        for pinned in [vkey, String(next.output.dropLast())] {
            let verified = try run(
                "verify", "--audit", directory.path, "--expect-vkey", pinned)
            #expect(verified.code == 0)
            #expect(verified.output.contains("signed by \(next.output.dropLast())"))
        }
        #expect(try run("sign", "--audit", directory.path, "--key", key).code == 2)
        #expect(try run("sign", "--audit", directory.path, "--key", key + "2").code == 0)
    }

    @Test func `a proof is written, checked elsewhere and refused when forged`() throws {
        let (directory, key, vkey, _) = try prepared()
        #expect(try run("sign", "--audit", directory.path, "--key", key).code == 0)
        let reader = try SegmentReader(path: directory.segment(2))
        let rider = String(decoding: reader.names.name(0), as: UTF8.self)
        let time = "\(reader.index[0].tsBounds.minMs)"
        let file = directory.path + "/proof"
        let made = try run(
            "prove", "--audit", directory.path, "--rider", rider, "--time", time, "--out", file)
        #expect(made.code == 0, "\(made.errors)")
        let checked = try run("check-proof", file, "--expect-vkey", vkey)
        #expect(checked.code == 0, "\(checked.errors)")
        #expect(checked.output.hasPrefix("rider,ts_ms,lat,lon,"))
        #expect(checked.output.contains("\n\(rider),\(time),"))
        #expect(checked.errors.contains("proved: "))
        let json = try run(
            "check-proof", file, "--expect-vkey", vkey, "--rider", rider, "--time", time, "--json")
        #expect(json.code == 0)
        #expect(json.output.contains(#"{"type":"fix","rider":"\#(rider)","ts_ms":\#(time),"#))
        #expect(try run("check-proof", file, "--expect-vkey", vkey, "--rider", "x").code == 2)
        #expect(try run("check-proof", file, "--expect-vkey", vkey, "--time", "1").code == 2)
        let other = try run("key", "new", "--name", LogSample.origin, "--out", key + "2")
        let wrong = String(other.output.dropLast())
        #expect(try run("check-proof", file, "--expect-vkey", wrong).code == 2)
        #expect(try run("check-proof", file + "none", "--expect-vkey", vkey).code == 5)
        #expect(
            try run(
                "prove", "--audit", directory.path, "--rider", "nobody", "--time", time
            ).code == 3)
        let out = try run("prove", "--audit", directory.path, "--rider", rider, "--time", time)
        #expect(Array(out.output.utf8) == (try FileBytes.read(file)))
    }
}
