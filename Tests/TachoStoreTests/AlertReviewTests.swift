import FormatSpec
import Foundation
import TachoCodec
import TachoGeo
import TachoStore
import Testing

/// Rows and events of reviews and recurring codes, and section 15 of `format-spec.md`.
struct AlertReviewTests {
    private let review = AlertReview(
        alertMs: 1_767_312_000_100, alertN: 2, step: 0, rider: 7, code: Code.teleport.rawValue,
        state: .acknowledged, atMs: 1_767_312_060_000, actor: Array("kim".utf8),
        note: Array("a tunnel".utf8))
    private let recurrence = CodeRecurrence(
        rider: 7, code: Code.glitch.rawValue, newerMs: 1_767_312_060_000,
        olderMs: 1_767_312_000_100)

    private func read(_ key: [UInt8], _ row: [UInt8]) throws -> AlertReview {
        try key.withUnsafeBytes { key in
            try row.withUnsafeBytes { try AlertReview.read(key: key, $0) }
        }
    }

    private func readRecurrence(_ key: [UInt8], _ row: [UInt8]) throws -> CodeRecurrence {
        try key.withUnsafeBytes { key in
            try row.withUnsafeBytes { try CodeRecurrence.read(key: key, $0) }
        }
    }

    @Test func `a review's row reads back equal, and cut or longer it is refused`() throws {
        #expect(try read(review.key, review.row) == review)
        for count in 0..<review.row.count {
            #expect(throws: StoreError.damaged(""), "cut at \(count)") {
                try read(review.key, Array(review.row[..<count]))
            }
        }
        #expect(throws: StoreError.damaged("")) { try read(review.key, review.row + [0]) }
        for count in 0..<review.key.count {
            #expect(throws: StoreError.damaged(""), "key cut at \(count)") {
                try read(Array(review.key[..<count]), review.row)
            }
        }
        // Neither open nor a state of a later version.
        for state in [UInt8(0), 7, 255] {
            var row = review.row
            row[5] = state
            #expect(throws: StoreError.damaged(""), "state \(state)") { try read(review.key, row) }
        }
    }

    @Test func `a recurring code's row reads back equal, and cut it is refused`() throws {
        var once = recurrence
        once.olderMs = nil
        for one in [recurrence, once] {
            #expect(try readRecurrence(one.key, one.row) == one)
            for count in 0..<one.row.count where count != 8 {
                #expect(throws: StoreError.damaged(""), "cut at \(count)") {
                    try readRecurrence(one.key, Array(one.row[..<count]))
                }
            }
            #expect(throws: StoreError.damaged("")) {
                try readRecurrence(Array(one.key.dropLast()), one.row)
            }
        }
    }

    @Test func `reviews sort by alert and step, behind alerts and windows`() {
        let ordered = [
            Keys.alert(ms: .max, n: .max), Keys.alertWindow(rider: .max, code: 63, startMs: .max),
            Keys.review(ms: 0, n: 0, step: 0), Keys.review(ms: 0, n: 0, step: 256),
            Keys.review(ms: 0, n: 1, step: 0), Keys.review(ms: 1, n: 0, step: 0),
            Keys.review(ms: UInt64(Int64.max), n: .max, step: .max),
            Keys.recurrence(rider: 0, code: 30), Keys.recurrence(rider: 1, code: 0),
        ]
        for index in 1..<ordered.count {
            #expect(ordered[index - 1].lexicographicallyPrecedes(ordered[index]), "\(index)")
        }
        for (index, key) in ordered.enumerated() {
            key.withUnsafeBytes {
                #expect((Keys.reviewPlace($0) != nil) == (2...6).contains(index), "\(index)")
                #expect((Keys.recurrencePlace($0) != nil) == (index >= 7), "\(index)")
            }
        }
    }

    @Test func `the page's states are those of the code, with what may follow`() throws {
        let rows = try SpecPage(section: 15).rows("state")
        #expect(rows.count == AlertState.allCases.count)
        for (row, state) in zip(rows, AlertState.allCases) {
            #expect(row[0] == state.name)
            #expect(row[1] == "\(state.rawValue)")
            let next = state.successors.map(\.name).joined(separator: ", ")
            #expect(row[2] == (next.isEmpty ? "–" : next), "\(state)")
            #expect(row[3] == (state.counts ? "yes" : "no"), "\(state)")
        }
    }

    @Test func `the page's examples of events and rows are what is read and written`() throws {
        let blocks = try SpecPage(section: 15).hexBlocks()
        try #require(blocks.count >= 4)
        var writer = ByteWriter()
        writer.putEvent(.review(review))
        #expect(writer.bytes == blocks[0])
        #expect(review.key + review.row == blocks[1])
        writer = ByteWriter()
        writer.putEvent(.recurrence(recurrence))
        #expect(writer.bytes == blocks[2])
        #expect(recurrence.key + recurrence.row == blocks[3])
        try blocks[0].withUnsafeBytes { raw in
            var reader = GroupReader(raw)
            let event = try reader.next()
            #expect(event == .review(review))
        }
        #expect(try read(Array(blocks[1][..<15]), Array(blocks[1][15...])) == review)
    }
}
