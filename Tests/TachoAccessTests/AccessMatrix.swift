import Foundation
import FormatSpec
@testable import TachoAccess
import TachoGeo
import TachoWire

/// `Tests/Fixtures/access-matrix.txt`: who may what.
struct AccessMatrix {
    /// As whom, and about whom.
    enum Scope: Int, CaseIterable {
        case own
        case other
        case all

        var rider: String { self == .own ? "own:1" : "other:1" }
        var prefixes: RiderPrefixes {
            self == .all ? RiderPrefixes() : RiderPrefixes([Array("own:".utf8)])
        }
    }

    struct Cell {
        var role: Role
        var scope: Scope
        var expected: Character
    }

    struct Line {
        var words: [String]
        var cells: [Cell]

        func request(_ scope: Scope, user: String) -> [[UInt8]] {
            words.map { word in
                if word == "{put}" { return AccessMatrix.packed(scope.rider) }
                return Array(
                    word.replacingOccurrences(of: "{r}", with: scope.rider)
                        .replacingOccurrences(of: "{user}", with: user).utf8)
            }
        }
    }

    let lines: [Line]

    init() throws {
        let path = SpecPage.repository.path + "/Tests/Fixtures/access-matrix.txt"
        lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .map { text in
                let parts = text.split(separator: "|")
                    .map { $0.trimmingCharacters(in: .whitespaces) }
                var cells: [Cell] = []
                for (role, letters) in zip(Role.allCases, parts.dropFirst()) {
                    for (scope, letter) in zip(
                        role == .admin ? [.all] : Scope.allCases, letters)
                    {
                        cells.append(Cell(role: role, scope: scope, expected: letter))
                    }
                }
                return Line(words: parts[0].split(separator: " ").map(String.init), cells: cells)
            }
    }

    /// With a fix of own:1 and one of the rider.
    static func packed(_ rider: String) -> [UInt8] {
        var batch = PackedBatchWriter()
        for name in ["own:1", rider] {
            batch.append(
                rider: Array(name.utf8),
                fix: Fix(tsMs: 1_767_312_000_000, latE7: 375_000_000, lonE7: 1_270_000_000))
        }
        var writer = RequestWriter()
        writer.put(batch)
        var parser = RequestParser()
        guard case .request = parser.next(writer.bytes.span.bytes) else { return [] }
        return writer.bytes.withUnsafeBytes { bytes in
            parser.withArguments(of: bytes) { Array($0[1]) }
        }
    }
}

/// One request, lent as its arguments.
func withArguments<R>(_ words: [[UInt8]], _ body: (Arguments) throws -> R) throws -> R {
    var writer = RequestWriter()
    writer.begin(arguments: words.count)
    for word in words { writer.argument(word) }
    var parser = RequestParser()
    guard case .request = parser.next(writer.bytes.span.bytes) else {
        throw AccessFailure("no request")
    }
    return try writer.bytes.withUnsafeBytes { try parser.withArguments(of: $0, body) }
}
