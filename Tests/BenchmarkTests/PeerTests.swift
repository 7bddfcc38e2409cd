import Foundation
import Testing

@testable import BenchmarkSuite

@Suite(.serialized)
struct PeerTests {
    @Test(arguments: Peer.all.map(\.name))
    func `a peer holds all points of a tiny run and says what it was set to`(name: String) throws {
        let peer = try #require(Peer.all.first { $0.name == name })
        if let missing = peer.missing() {
            print("not run: \(missing) is not installed; tools/setup-peers installs it")
            return
        }
        let work = PeerWork(points: 2000, riders: 20, directory: NSTemporaryDirectory())
        let result = try peer.run(work)
        #expect(!result.figures.isEmpty && !result.settings.isEmpty)
        #expect(result.figures.allSatisfy { $0.value > 0 && $0.value.isFinite })
    }

    @Test func `a peer that misses a point is refused`() throws {
        let points = PeerPoints(count: 2000, riders: 20)
        #expect(throws: PeerError.self) { try points.check("some", rows: 1999) }
        #expect(throws: PeerError.self) {
            try points.check("some", rows: 2000, timeSum: points.timeSum + 1)
        }
        try points.check("some", rows: 2000, timeSum: points.timeSum)
    }

    @Test func `replies are counted however the bytes are cut`() throws {
        let text = "+OK\r\n:12\r\n$3\r\na\r\n\r\n*2\r\n$-1\r\n*1\r\n:-2\r\n*0\r\n$0\r\n\r\n"
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var counter = ReplyCounter()
            for part in [bytes[..<cut], bytes[cut...]] {
                try Array(part).withUnsafeBytes { try counter.feed($0) }
            }
            #expect(counter.count == 6, "cut at \(cut)")
            #expect(counter.integers == 10, "cut at \(cut)")
        }
    }

    @Test func `an error among the replies ends the run with its words`() {
        var counter = ReplyCounter()
        #expect(throws: PeerError.self) {
            try Array("+OK\r\n-ERR no\r\n".utf8).withUnsafeBytes { try counter.feed($0) }
        }
    }

    @Test func `commands are arrays of bulk strings`() {
        var writer = RespWriter()
        writer.command(3)
        writer.add("SET".utf8)
        writer.add("k".utf8)
        writer.add(Int64.min)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20\r\n-9223372036854775808\r\n")
    }

    @Test func `absolute figures are scaled only between like machines`() {
        #expect(MachineScale.factor(naive: 39_000) == 1)
        #expect(MachineScale.factor(naive: 78_000) == 0.5)
        #expect(MachineScale.factor(naive: 26_000) == nil)
    }

    @Test func `a goal is judged in its own sense`() {
        let most = Goal(
            job: "bytes", ours: "a", theirs: nil, floor: 6.6, goal: 5.5, sense: .atMost)
        #expect([5.5, 6.6, 6.7].map(most.verdict) == ["goal", "floor", "missed"])
        let least = Goal(job: "rate", ours: "a", theirs: "b", floor: 25, goal: 50)
        #expect([50, 25, 24.9].map(least.verdict) == ["goal", "floor", "missed"])
        let shown = Goal(job: "rate", ours: "a", theirs: "b")
        #expect([1, 0.9].map(shown.verdict) == ["ahead", "behind"])
    }

    @Test func `the peers run prints rounds, medians and verdicts`() throws {
        var lines: [String] = []
        var run = PeersRun(
            points: 2000, riders: 20, rounds: 1, directory: NSTemporaryDirectory()
        ) { line in
            lines.append(line.json)
            lines.append(line.text)
        }
        _ = try run.run()
        #expect(lines.contains { $0.hasPrefix("{\"round\":1,\"name\":\"naive\"") })
        #expect(lines.contains { $0.hasPrefix("{\"median\":true,\"name\":\"ingest\"") })
        #expect(lines.contains { $0.contains("\"job\":\"in process ÷ naive\"") })
        for line in lines where line.hasPrefix("{") {
            _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
        }
    }
}
