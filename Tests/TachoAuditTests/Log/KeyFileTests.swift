import Foundation
import Testing

@testable import TachoAudit

@Suite struct KeyFileTests {
    @Test func `a key is written for its owner alone and reads back`() throws {
        let path = try TemporaryDirectory().path + "/key"
        let key = LogSample.key()
        try KeyFile.write(key, to: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(try KeyFile.read(path).verifier == key.verifier)
        #expect(try KeyFile.readPublic(path + ".pub") == key.verifier)
        #expect(try KeyFile.readPublic(key.verifier.text) == key.verifier)
        #expect(throws: KeyError.exists(path: path)) { try KeyFile.write(key, to: path) }
    }

    @Test(arguments: [0o640, 0o604, 0o666, 0o620])
    func `a key that others may read or write is refused with what to do`(mode: Int) throws {
        let path = try TemporaryDirectory().path + "/key"
        try KeyFile.write(LogSample.key(), to: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        let error = KeyError.readable(path: path, mode: UInt32(mode))
        #expect(throws: error) { try KeyFile.read(path) }
        #expect(error.message.hasSuffix("run: chmod 600 \(path)"))
    }

    @Test func `a public key is no private one and the other way`() throws {
        let path = try TemporaryDirectory().path + "/key"
        try KeyFile.write(LogSample.key(), to: path)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: path + ".pub")
        #expect(throws: KeyError.self) { try KeyFile.read(path + ".pub") }
        #expect(throws: KeyError.self) { try KeyFile.readPublic(path) }
        #expect(throws: KeyError.self) { try KeyFile.read(path + ".none") }
    }

    @Test func `where a public key lies already, no private one is left behind`() throws {
        let path = try TemporaryDirectory().path + "/key"
        try FileBytes.write(Array("theirs".utf8), path + ".pub")
        #expect(throws: KeyError.exists(path: path + ".pub")) {
            try KeyFile.write(LogSample.key(), to: path)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try FileBytes.read(path + ".pub") == Array("theirs".utf8))
        try FileManager.default.removeItem(atPath: path + ".pub")
        try KeyFile.write(LogSample.key(), to: path)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a pipe in the place of a key is refused and not waited for`() throws {
        let path = try TemporaryDirectory().path + "/key"
        #expect(mkfifo(path, 0o600) == 0)
        #expect(throws: KeyError.self) { try KeyFile.read(path) }
        #expect(throws: KeyError.self) { try KeyFile.readPublic(path) }
    }
}
