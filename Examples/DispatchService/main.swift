// A dispatch desk as a service of its own: it takes the fixes of couriers' phones, follows where all
// of them are, and has a worker for alerts. Only the public API of TachoClient is used.
//
//     swift run -c release DispatchService --server 127.0.0.1:7227 --couriers 20 --fixes 50
//
// Phones are simulated: each courier rides east at 8 m/s and reports every second. One of them jumps 5
// km in the end, so there is an alert to handle.

import TachoClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

let options = Options(CommandLine.arguments)
guard let server = options.text("--server") else {
    end(
        "usage: DispatchService --server HOST:PORT [--spool DIR] [--couriers N] [--fixes N]"
            + " [--prefix NAME]", status: 64)
}
do {
    let desk = try DispatchDesk(server: server, spool: options.text("--spool"))
    let report = try await desk.run(
        prefix: options.text("--prefix") ?? "desk-", couriers: options.number("--couriers") ?? 20,
        fixes: options.number("--fixes") ?? 50)
    print(report.json)
} catch {
    end("DispatchService: \(error)", status: 1)
}

func end(_ line: String, status: Int32) -> Never {
    _ = (line + "\n").utf8CString.withUnsafeBytes { write(2, $0.baseAddress, $0.count - 1) }
    exit(status)
}

/// `--name value` pairs.
struct Options {
    private var values: [String: String] = [:]

    init(_ words: [String]) {
        for (name, value) in zip(words.dropFirst(), words.dropFirst(2)) where name.hasPrefix("--") {
            values[name] = value
        }
    }

    func text(_ name: String) -> String? { values[name] }
    func number(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
}
