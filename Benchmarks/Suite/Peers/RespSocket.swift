import Glibc

/// A blocking connection that speaks RESP: requests are bytes that were made before, replies are
/// counted. So little work that the server is what is measured: 1 to 2 ns a byte of reply.
final class RespSocket {
    private let fd: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private(set) var replies = ReplyCounter()

    /// nil: nobody listens there yet.
    init?(unix path: String) {
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard fd >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        precondition(path.utf8.count < capacity, "a socket's path is at most 107 bytes long")
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            close(fd)
            return nil
        }
        self.fd = fd
    }

    /// nil: nobody listens on that port of this machine.
    init?(tcp port: UInt16) {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard fd >= 0 else { return nil }
        var address = LoopbackPort.address(port)
        guard withUnsafePointer(to: &address, { LoopbackPort.call(connect, fd, $0) }) == 0 else {
            close(fd)
            return nil
        }
        var on: Int32 = 1
        setsockopt(
            fd, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        self.fd = fd
    }

    deinit { close(fd) }

    func send(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let count = Glibc.send(
                    fd, bytes.baseAddress! + start, bytes.count - start,
                    Int32(MSG_NOSIGNAL))
                guard count > 0 else { throw PeerError("the server closed the connection") }
                start += count
            }
        }
    }

    /// Reads until `count` replies more have come; an error reply ends it.
    func receive(_ count: Int) throws {
        let target = replies.count + count
        while replies.count < target {
            let count = recv(fd, &buffer, buffer.count, 0)
            guard count > 0 else { throw PeerError("the server closed the connection") }
            try buffer.withUnsafeBytes { try replies.feed(.init(rebasing: $0[..<count])) }
        }
    }

    /// Sends one command and returns the text of its reply.
    func ask(_ words: String...) throws -> String {
        var request = RespWriter()
        request.command(words.count)
        for word in words { request.add(word.utf8) }
        replies.keepsText = true
        defer { replies.keepsText = false }
        try send(request.bytes)
        try receive(1)
        return String(decoding: replies.text, as: UTF8.self)
    }
}

/// Counts complete replies in a stream of bytes, and adds up the integers among them.
struct ReplyCounter {
    private(set) var count = 0
    private(set) var integers: Int64 = 0
    /// Keep the last reply's text; off where replies come by the million.
    var keepsText = false
    private(set) var text: [UInt8] = []
    private var line: [UInt8] = []
    /// Bytes of a bulk string that are still to come, with its line break.
    private var rest = 0
    /// Elements that the innermost open array still misses; 0: none is open.
    private var missing = 0
    /// The same of the arrays around it.
    private var outer: [Int] = []

    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws {
        var index = 0
        while index < bytes.count {
            if rest > 0 {
                let taken = min(rest, bytes.count - index)
                if keepsText { text.append(contentsOf: bytes[index..<index + taken]) }
                rest -= taken
                index += taken
                if rest == 0 { complete() }
                continue
            }
            let start = bytes.baseAddress! + index
            guard let found = memchr(start, 0x0A, bytes.count - index) else {
                line.append(contentsOf: bytes[index...])
                return
            }
            let end = index + (UnsafeRawPointer(found) - start)
            if line.isEmpty {
                try endLine(UnsafeRawBufferPointer(rebasing: bytes[index..<end]))
            } else {
                line.append(contentsOf: bytes[index..<end])
                let whole = line
                line.removeAll(keepingCapacity: true)
                try whole.withUnsafeBytes { try endLine($0) }
            }
            index = end + 1
        }
    }

    /// A line with its carriage return.
    private mutating func endLine(_ line: UnsafeRawBufferPointer) throws {
        guard let kind = line.first else { throw PeerError("an empty line is no reply") }
        if kind == UInt8(ascii: "-") {
            throw PeerError(String(decoding: line.dropLast(), as: UTF8.self))
        }
        if kind == UInt8(ascii: "+") {
            if keepsText { text = Array(line[1..<line.count - 1]) }
            return complete()
        }
        let isNegative = line.count > 2 && line[1] == UInt8(ascii: "-")
        var number: Int64 = 0
        var index = isNegative ? 2 : 1
        while index < line.count - 1 {
            number = number * 10 + Int64(line[index]) - 48
            index += 1
        }
        switch kind {
        case UInt8(ascii: "$") where !isNegative:
            if keepsText { text.removeAll() }
            rest = Int(number) + 2
        case UInt8(ascii: "*") where !isNegative && number > 0:
            if missing > 0 { outer.append(missing) }
            missing = Int(number)
        default:
            // Wrap-around is meant: of many times in ms it is a check sum.
            if kind == UInt8(ascii: ":") { integers &+= isNegative ? -number : number }
            complete()
        }
    }

    private mutating func complete() {
        while missing > 0 {
            missing -= 1
            if missing > 0 { return }
            missing = outer.popLast() ?? 0
        }
        count += 1
    }
}

/// Commands as RESP arrays of bulk strings.
struct RespWriter {
    var bytes: [UInt8] = []

    mutating func command(_ words: Int) {
        bytes.append(UInt8(ascii: "*"))
        append(Int64(words))
        endLine()
    }

    mutating func add(_ word: some Collection<UInt8>) {
        bytes.append(UInt8(ascii: "$"))
        append(Int64(word.count))
        endLine()
        bytes.append(contentsOf: word)
        endLine()
    }

    mutating func add(_ number: Int64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            let count = Self.write(number, digits)
            add(digits[(20 - count)...])
        }
    }

    private mutating func append(_ number: Int64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            let count = Self.write(number, digits)
            bytes.append(contentsOf: digits[(20 - count)...])
        }
    }

    /// Decimal digits at the end of `digits`; returns how many.
    private static func write(_ number: Int64, _ digits: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var left = number.magnitude
        var at = 20
        repeat {
            at -= 1
            digits[at] = UInt8(48 + left % 10)
            left /= 10
        } while left > 0
        if number < 0 {
            at -= 1
            digits[at] = UInt8(ascii: "-")
        }
        return 20 - at
    }

    private mutating func endLine() { bytes.append(contentsOf: [0x0D, 0x0A]) }
}
