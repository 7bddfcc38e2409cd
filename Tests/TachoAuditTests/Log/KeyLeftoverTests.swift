import Foundation
import Testing

@testable import TachoAudit

/// What a kill leaves of a key that was being made, moment by moment. Nobody is needed to go on.
@Suite struct KeyLeftoverTests {
    /// A folder with the leftovers, and the key that was being made then.
    private struct Scene {
        let path: String
        let killed = LogSample.key()

        init() throws { path = try TemporaryDirectory().path + "/key" }

        /// The line of a private key, as a file of it holds it.
        var killedText: [UInt8] { Array((killed.text + "\n").utf8) }
        var killedPublic: [UInt8] { Array((killed.verifier.text + "\n").utf8) }

        func leave(_ bytes: [UInt8], _ suffix: String, mode: Int = 0o600) throws {
            try FileBytes.write(bytes, path + suffix)
            try FileManager.default.setAttributes(
                [.posixPermissions: mode], ofItemAtPath: path + suffix)
        }

        func has(_ suffix: String) -> Bool { FileManager.default.fileExists(atPath: path + suffix) }

        /// A new key is made, whole, with nothing beside it.
        func expectNewKey() throws {
            let key = LogSample.key()
            try KeyFile.write(key, to: path)
            #expect(try KeyFile.read(path).verifier == key.verifier)
            #expect(try KeyFile.readPublic(path + ".pub") == key.verifier)
            #expect(!has(".tmp") && !has(".pub.tmp"))
        }
    }

    @Test func `a private half cut anywhere under its temporary name is no key`() throws {
        for count in [0, 1, 50] {
            let scene = try Scene()
            try scene.leave(Array(scene.killedText[..<count]), ".tmp")
            try scene.expectNewKey()
        }
    }

    @Test func `a whole private half without a public one was given to nobody`() throws {
        let scene = try Scene()
        try scene.leave(scene.killedText, ".tmp")
        try scene.expectNewKey()
    }

    @Test func `a public half cut under its temporary name is none`() throws {
        let scene = try Scene()
        try scene.leave(scene.killedText, ".tmp")
        try scene.leave(Array(scene.killedPublic[..<20]), ".pub.tmp", mode: 0o644)
        try scene.expectNewKey()
    }

    @Test func `a public half beside the temporary file of its own key is of nobody`() throws {
        let scene = try Scene()
        try scene.leave(scene.killedText, ".tmp")
        try scene.leave(scene.killedPublic, ".pub", mode: 0o644)
        try scene.expectNewKey()
    }

    @Test func `a public half of the same key is taken as it is`() throws {
        let scene = try Scene()
        try scene.leave(scene.killedPublic, ".pub", mode: 0o644)
        try KeyFile.write(scene.killed, to: scene.path)
        #expect(try KeyFile.read(scene.path).verifier == scene.killed.verifier)
        #expect(try FileBytes.read(scene.path + ".pub") == scene.killedPublic)
    }

    @Test func `a public half of a key that is kept elsewhere stays`() throws {
        let scene = try Scene()
        let theirs = Array((LogSample.key().verifier.text + "\n").utf8)
        try scene.leave(theirs, ".pub", mode: 0o644)
        for leftover in [[], scene.killedText] {
            try scene.leave(leftover, ".tmp")
            #expect(throws: KeyError.exists(path: scene.path + ".pub")) {
                try KeyFile.write(LogSample.key(), to: scene.path)
            }
            #expect(try FileBytes.read(scene.path + ".pub") == theirs)
            #expect(!scene.has(""))
        }
    }

    @Test func `a private key is never written over, whatever lies beside it`() throws {
        let scene = try Scene()
        let theirs = Array("theirs".utf8)
        try scene.leave(theirs, "")
        try scene.leave(scene.killedText, ".tmp")
        try scene.leave(scene.killedPublic, ".pub", mode: 0o644)
        #expect(throws: KeyError.exists(path: scene.path)) {
            try KeyFile.write(LogSample.key(), to: scene.path)
        }
        #expect(try FileBytes.read(scene.path) == theirs)
        #expect(try FileBytes.read(scene.path + ".pub") == scene.killedPublic)
    }

    @Test func `a key that another process is making is left to it`() throws {
        let scene = try Scene()
        try scene.leave(scene.killedText, ".tmp")
        try scene.leave(scene.killedPublic, ".pub", mode: 0o644)
        let descriptor = open(scene.path + ".tmp", O_RDONLY)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        #expect(throws: KeyError.inProgress(path: scene.path)) {
            try KeyFile.write(LogSample.key(), to: scene.path)
        }
        #expect(try FileBytes.read(scene.path + ".tmp") == scene.killedText)
        #expect(try FileBytes.read(scene.path + ".pub") == scene.killedPublic)
    }

    @Test func `a link under the temporary name writes and removes nothing elsewhere`() throws {
        let scene = try Scene()
        let mine = scene.path + "-mine"
        try KeyFile.write(scene.killed, to: mine)
        #expect(symlink(mine, scene.path + ".tmp") == 0)
        try scene.leave(scene.killedPublic, ".pub", mode: 0o644)
        #expect(throws: KeyError.exists(path: scene.path + ".pub")) {
            try KeyFile.write(LogSample.key(), to: scene.path)
        }
        #expect(try KeyFile.read(mine).verifier == scene.killed.verifier)
        try FileManager.default.removeItem(atPath: scene.path + ".pub")
        try scene.expectNewKey()
        #expect(try KeyFile.read(mine).verifier == scene.killed.verifier)
    }

    @Test func `a key that cannot get its name leaves neither half`() throws {
        let folder = try TemporaryDirectory().path + "/none"
        #expect(throws: KeyError.self) { try KeyFile.write(LogSample.key(), to: folder + "/key") }
        #expect(!FileManager.default.fileExists(atPath: folder))
    }
}
