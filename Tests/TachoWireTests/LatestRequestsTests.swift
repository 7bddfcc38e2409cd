import TachoWire
import Testing

/// The short way of reading T.GETs against the parser that reads everything.
struct LatestRequestsTests {
    /// The riders found at the front, and the bytes that are left.
    private func read(_ stream: [UInt8], atMost: Int = 64) -> (riders: [[UInt8]], rest: [UInt8]) {
        withUnsafeTemporaryAllocation(of: ArgumentSlice.self, capacity: atMost) { places in
            let found = LatestRequests.read(stream.span.bytes, into: places)
            let riders = places[..<found.count].map { place in
                Array(stream[Int(place.start)..<Int(place.start + place.count)])
            }
            return (riders, Array(stream[found.bytes...]))
        }
    }

    @Test func `whole requests at the front are found, in either case`() {
        let others = request("T.GET", "r", "RAW")
        let stream = request("T.GET", "r") + request("t.gEt", "rider 0123456789") + others
        let found = read(stream)
        #expect(found.riders == [Array("r".utf8), Array("rider 0123456789".utf8)])
        #expect(found.rest == others)
        #expect(read(stream, atMost: 1).riders.count == 1)
    }

    @Test func `a request that is cut is left for later`() {
        let first = request("T.GET", "a")
        let second = request("T.GET", "rider-000000017")
        for cut in 0..<second.count {
            let found = read(first + second[..<cut])
            #expect(found.riders == [[97]], "cut at \(cut)")
            #expect(found.rest == Array(second[..<cut]), "cut at \(cut)")
        }
    }

    @Test func `names of every length are read or left, never cut`() {
        for length in 0...200 {
            let name = [UInt8](repeating: 0x0D, count: length)
            let stream = request([Array("T.GET".utf8), name])
            let found = read(stream)
            let isShort = (1...99).contains(length)
            #expect(found.riders == (isShort ? [name] : []), "\(length) bytes")
            #expect(found.rest == (isShort ? [] : stream), "\(length) bytes")
        }
    }

    @Test(arguments: UInt64(1)...2_000)
    func `damaged requests are read as the parser reads them, or left to it`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var stream = request("T.GET", "ab") + request("T.GET", "rider-12") + request("T.GET", "c")
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let at = Int.random(in: 0..<stream.count, using: &random)
            let common = Array("*$-0129\r\n:+TtGg".utf8)
            stream[at] =
                Bool.random(using: &random)
                ? common.randomElement(using: &random)! : UInt8.random(in: 0...255, using: &random)
        }
        let found = read(stream)
        let heard = hear(stream, cuts: [])
        #expect(
            found.riders == heard.requests.prefix(found.riders.count).map { $0.last ?? [] },
            "seed \(seed)")
        let front = Array(stream[..<(stream.count - found.rest.count)])
        #expect(hear(front, cuts: []).requests.count == found.riders.count, "seed \(seed)")
    }
}
