import TachoClient
import Testing

@testable import TachoTools

@Suite struct ServerNoteTests {
    let directory = TemporaryDirectory()

    func note(_ json: String?, lock: String?) -> ServerAddress? {
        if let json { _ = directory.write("tachod.json", json) }
        if let lock { _ = directory.write("LOCK", lock) }
        return ServerNote.address(in: directory.path)
    }

    @Test func `the note of the process that holds the lock is believed`() {
        let json = #"{"pid":4711,"resp":"127.0.0.1:7227","version":"0.1.0"}"#
        #expect(note(json, lock: "4711\n") == ServerAddress(host: "127.0.0.1", port: 7227))
    }

    @Test func `a note that an earlier server left behind is not`() {
        let json = #"{"pid":4711,"resp":"127.0.0.1:7227","version":"0.1.0"}"#
        #expect(note(json, lock: "4712\n") == nil)
        #expect(note(json, lock: "47110\n") == nil)
        #expect(note(json, lock: "") == nil)
    }

    @Test(arguments: ["", "{", "[]", #"{"pid":1}"#, #"{"pid":1,"resp":"nowhere"}"#])
    func `a note that cannot be read is none`(json: String) {
        #expect(note(json, lock: "1\n") == nil)
    }

    @Test func `no note is none`() {
        #expect(note(nil, lock: "1\n") == nil)
    }
}
