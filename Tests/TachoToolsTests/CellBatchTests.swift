import TachoClient
import TachoGeo
import TachoTools
import Testing

/// `tacho cell`: text in, ids out.
@Suite struct CellBatchTests {
    let directory = TemporaryDirectory()

    private func answers(_ text: String) throws -> String {
        let file = directory.write("positions.txt", text)
        return try captured(directory) { try CellBatch.run(try InputFile(path: file), to: $0) }
    }

    /// What a batch that fails says, and what it answered before.
    private func failure(_ text: String) throws -> (failure: ToolFailure?, answers: String) {
        let file = directory.write("positions.txt", text)
        var failure: ToolFailure?
        let answers = try captured(directory) { output in
            do {
                try CellBatch.run(try InputFile(path: file), to: output)
            } catch let thrown as ToolFailure {
                failure = thrown
            }
        }
        return (failure, answers)
    }

    @Test func `one position a line, one id a line`() throws {
        // Ids of H3 4.5.0.
        let ids = "8930e1d9b37ffff\n8009fffffffffff\n8f9e8b27192c320\n"
        #expect(try answers("37.5 127 9\n71.0 8.0 0\n-9.1e0\t+163.7  15\n") == ids)
        #expect(try answers("37.5 127 9\r\n71.0 8.0 0\r\n-9.1 163.7 15") == ids)
        #expect(try answers("") == "")
    }

    @Test func `a batch longer than a block of input is answered whole`() throws {
        var (lines, expected) = ("", "")
        for n in 0..<20_000 {
            let lat = Double(n * 7_919 % 180_001) / 1_000 - 90
            let lon = Double(n * 104_729 % 360_001) / 1_000 - 180
            lines += "\(lat) \(lon) \(n % 16)\n"
            expected +=
                Cell.containing(latDegrees: lat, lonDegrees: lon, resolution: n % 16).hex + "\n"
        }
        #expect(try answers(lines) == expected)
    }

    @Test func `a bad line is named, and those before it are answered`() throws {
        let (failure, answers) = try failure("37.5 127 9\n37.5 127\n37.5 127 9\n")
        #expect(answers == "8930e1d9b37ffff\n")
        #expect(failure?.status == ExitStatus.badData)
        let message = try #require(failure?.message)
        #expect(message.hasSuffix("positions.txt, line 2: 2 fields, expected three: lat lon res"))
    }

    @Test func `what is no position is refused`() throws {
        let longest = String(repeating: "1", count: 1 + 16 << 20)
        let cases = [
            ("", "0 fields, expected three: lat lon res"),
            ("37.5,127,9", "1 fields, expected three: lat lon res"),
            ("1 2 3 4", "4 fields, expected three: lat lon res"),
            ("nan 2 3", "latitude nan is not a number"),
            ("0x10 2 3", "latitude 0x10 is not a number"),
            ("1 inf 3", "longitude inf is not a number"),
            ("90.1 2 3", "latitude 90.1 is not within ±90°"),
            ("1 -180.1 3", "longitude -180.1 is not within ±180°"),
            ("1 1e400 3", "longitude 1e400 is not within ±180°"),
            ("1 2 16", "resolution 16 is not one of 0…15"),
            ("1 2 -1", "resolution -1 is not one of 0…15"),
            ("1 2 9.0", "resolution 9.0 is not one of 0…15"),
            (longest, "more than 16777216 bytes in a line"),
        ]
        for (line, reason) in cases {
            let message = try failure(line + "\n").failure?.message ?? "accepted"
            #expect(message.hasSuffix("line 1: " + reason), "\(line.prefix(20)): \(message)")
        }
    }
}
