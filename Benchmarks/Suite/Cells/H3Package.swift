import Foundation
import Glibc

/// The h3 package from PyPI in a Python process of its own, which answers questions about many
/// positions or cells at a time through pipes: `Benchmarks/peers/h3_peer.py` says how.
final class H3Package {
    private let process = Process()
    private let questions = Pipe()
    private let answers = Pipe()

    private enum Question: UInt8 {
        case cells, centres, corners, disk, parent, children, time
    }

    /// In words what is missing to run it; nil: nothing.
    static var missing: String? {
        PeerCommand.isThere(python)
            ? nil : "h3 4.5.0 is not in .build/h3: run tools/setup-peers, which installs it"
    }

    init() throws {
        if let missing = Self.missing { throw PeerError(missing) }
        // A peer that ended is an error of `write`, not the end of this process.
        signal(SIGPIPE, SIG_IGN)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            PeerProcess.prefix(nil, diesWithParent: true)
            + [Self.python, Self.root + "/Benchmarks/peers/h3_peer.py"]
        process.standardInput = questions
        process.standardOutput = answers
        try process.run()
    }

    deinit {
        try? questions.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    func cells(lat: [Double], lon: [Double], resolutions: [UInt8]) throws -> [UInt64] {
        let answer = try ask(
            .cells, count: lat.count, lat.withUnsafeBytes { Data($0) },
            lon.withUnsafeBytes { Data($0) }, Data(resolutions))
        return Self.numbers(answer, from: 0)
    }

    /// Latitude and longitude in turn, degrees.
    func centres(_ cells: [UInt64]) throws -> [Double] {
        Self.numbers(try ask(.centres, about: cells), from: 0)
    }

    /// How many corners each cell has, and the latitudes and longitudes of all.
    func corners(_ cells: [UInt64]) throws -> (counts: [UInt8], degrees: [Double]) {
        let answer = try ask(.corners, about: cells)
        return (Array(answer.prefix(cells.count)), Self.numbers(answer, from: cells.count))
    }

    func disks(_ k: UInt8, _ cells: [UInt64]) throws -> (counts: [UInt8], ids: [UInt64]) {
        try rows(.disk, number: k, cells)
    }
    func parents(_ cells: [UInt64]) throws -> (counts: [UInt8], ids: [UInt64]) {
        try rows(.parent, number: 0, cells)
    }
    func children(_ cells: [UInt64]) throws -> (counts: [UInt8], ids: [UInt64]) {
        try rows(.children, number: 0, cells)
    }

    /// What a call of `latlng_to_cell` takes there, Python's share included.
    func nanosecondsACall(lat: [Double], lon: [Double], resolution: Int) throws -> Double {
        let answer = try ask(
            .time, number: UInt8(resolution), count: lat.count, lat.withUnsafeBytes { Data($0) },
            lon.withUnsafeBytes { Data($0) })
        let values: [Double] = Self.numbers(answer, from: 0)
        return values[0]
    }

    private func rows(
        _ question: Question, number: UInt8, _ cells: [UInt64]
    ) throws -> (counts: [UInt8], ids: [UInt64]) {
        let answer = try ask(question, number: number, about: cells)
        return (Array(answer.prefix(cells.count)), Self.numbers(answer, from: cells.count))
    }

    private func ask(
        _ question: Question, number: UInt8 = 0, about cells: [UInt64]
    ) throws -> Data {
        try ask(
            question, number: number, count: cells.count, cells.withUnsafeBytes { Data($0) })
    }

    private func ask(
        _ question: Question, number: UInt8 = 0, count: Int, _ parts: Data...
    ) throws -> Data {
        var head = Data([question.rawValue, number, 0, 0, 0, 0, 0, 0])
        withUnsafeBytes(of: UInt64(count)) { head.append(contentsOf: $0) }
        for part in [head] + parts { try questions.fileHandleForWriting.write(contentsOf: part) }
        let sizes: [UInt64] = Self.numbers(try read(8), from: 0)
        return try read(Int(sizes[0]))
    }

    private func read(_ count: Int) throws -> Data {
        var data = Data()
        while data.count < count {
            guard
                let some = try answers.fileHandleForReading.read(upToCount: count - data.count),
                !some.isEmpty
            else { throw PeerError("h3_peer.py ended before it had answered") }
            data.append(some)
        }
        return data
    }

    private static func numbers<Number: BitwiseCopyable>(
        _ data: Data, from start: Int
    ) -> [Number] {
        let width = MemoryLayout<Number>.size
        return data.withUnsafeBytes { bytes in
            (0..<(bytes.count - start) / width).map {
                bytes.loadUnaligned(fromByteOffset: start + $0 * width, as: Number.self)
            }
        }
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    private static let python = root + "/.build/h3/bin/python"
}
