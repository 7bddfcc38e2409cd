package import TachoGeo

/// What became of one fix of a ledger.
package enum LedgerFate: Equatable, Sendable {
    /// Sent; the ledger ends before an answer. It may or may not be stored.
    case open
    /// Acknowledged: it must be found again, with this mask.
    case acknowledged(ReplyMask)
    /// Refused with -TRYAGAIN: it was not stored; it follows again under a later number.
    case refused
    /// The connection died before an answer. It may or may not be stored.
    case unanswered
    /// In the spool of the library: it must be found again.
    case spooled
}

/// The text of a ledger: one record a line, fields separated by one space.
///
///     S <rider> <ts> <lat> <lon> <speed> <heading> <acc>   sent; numbered 0, 1, 2 … by order
///     A <first> <count> <mask>…                            acknowledged, one mask per fix
///     R <first> <count>                                    refused, sent again later
///     U <first> <count>                                    unanswered, the connection died
///     Q <first> <count>                                    in the spool: must be found again
///
/// `-` stands for a field that was not sent. A line is on its way to the file before the request
/// leaves (S) or before anything else happens with the answer (A, R, U), so a ledger outlives a
/// `kill -9` of the server. A last line without a line feed was cut and counts as not written.
package enum LedgerText {
    package static func appendSent(_ line: FixLine, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "S"))
        out.append(UInt8(ascii: " "))
        out.append(contentsOf: line.text)
        out.append(UInt8(ascii: "\n"))
    }

    package static func acknowledged(first: Int, masks: [ReplyMask]) -> [UInt8] {
        var out = record("A", first: first, count: masks.count)
        for mask in masks {
            out.append(UInt8(ascii: " "))
            Decimal.appendInteger(Int64(mask.rawValue), to: &out)
        }
        out.append(UInt8(ascii: "\n"))
        return out
    }

    package static func refused(first: Int, count: Int) -> [UInt8] {
        record("R", first: first, count: count) + [UInt8(ascii: "\n")]
    }

    package static func unanswered(first: Int, count: Int) -> [UInt8] {
        record("U", first: first, count: count) + [UInt8(ascii: "\n")]
    }

    package static func spooled(first: Int, count: Int) -> [UInt8] {
        record("Q", first: first, count: count) + [UInt8(ascii: "\n")]
    }

    private static func record(_ kind: String, first: Int, count: Int) -> [UInt8] {
        Array("\(kind) \(first) \(count)".utf8)
    }
}

/// Why a ledger cannot be used as an oracle.
package struct LedgerDamage: Error, Equatable {
    /// 1-based.
    package let line: Int
    package let reason: String
}

/// A ledger read back.
package struct Ledger: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        /// rider ts lat lon speed heading acc, as sent.
        package let fields: [String]
        package var fate: LedgerFate
    }

    /// In the order of sending: number i is the fix with index i.
    package private(set) var entries: [Entry] = []

    package init(text: [UInt8]) throws(LedgerDamage) {
        var number = 0
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast()
        {
            number += 1
            let words = String(decoding: line, as: UTF8.self)
                .split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
            do {
                try add(words)
            } catch {
                throw LedgerDamage(line: number, reason: error.reason)
            }
        }
    }

    private struct Defect: Error { let reason: String }

    private mutating func add(_ words: [String]) throws(Defect) {
        if words[0] == "S" {
            guard words.count == FixLine.fieldCount + 1 else {
                throw Defect(reason: "a sent line has \(words.count - 1) fields, 7 expected")
            }
            entries.append(Entry(fields: Array(words.dropFirst()), fate: .open))
            return
        }
        guard words.count >= 3, let first = Int(words[1]), let count = Int(words[2]),
            first >= 0, count > 0, first <= entries.count, count <= entries.count - first
        else { throw Defect(reason: "names fixes that were not sent before") }
        let masks = words.dropFirst(3).map { UInt8($0) }
        switch words[0] {
        case "A":
            guard masks.count == count else {
                throw Defect(reason: "has \(masks.count) masks for \(count) fixes")
            }
            for (offset, mask) in masks.enumerated() {
                guard let mask else { throw Defect(reason: "a mask is not a number 0 to 255") }
                try decide(first + offset, .acknowledged(ReplyMask(rawValue: mask)))
            }
        case "R" where masks.isEmpty:
            for index in first..<first + count { try decide(index, .refused) }
        case "U" where masks.isEmpty:
            for index in first..<first + count { try decide(index, .unanswered) }
        case "Q" where masks.isEmpty:
            for index in first..<first + count { try decide(index, .spooled) }
        default:
            throw Defect(reason: "unknown kind of line, S, A, R, U or Q expected")
        }
    }

    private mutating func decide(_ index: Int, _ fate: LedgerFate) throws(Defect) {
        guard entries[index].fate == .open else {
            throw Defect(reason: "fix \(index) is answered twice")
        }
        entries[index].fate = fate
    }
}
