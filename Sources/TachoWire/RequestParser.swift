/// Where one argument lies, in bytes from the first byte of its request.
package struct ArgumentSlice: Equatable, Sendable, BitwiseCopyable {
    package var start: UInt32
    package var count: UInt32
}

/// Reads RESP2 requests (arrays of bulk strings) out of bytes that come in any cuts.
///
/// The caller owns the bytes: it passes everything from the first byte of the current request on,
/// and drops the request's bytes once it was answered. The parser remembers how far it came, so a
/// long request that arrives in pieces is read once. Cost: one pass, no allocation per request.
package struct RequestParser: Sendable {
    package enum Step: Equatable, Sendable {
        case needsMore
        /// `slices` describe a whole request of this many bytes; none if it was `*0` or an empty
        /// line.
        case request(bytes: Int)
        /// Nothing after this point can be understood; every further call answers the same.
        case refused(ProtocolError)
    }

    private enum Stage: Equatable, Sendable {
        case start
        case bulkHeader
        case bulkBody(count: Int)
        case finished
        case refused(ProtocolError)
    }

    /// The arguments of the request that `next` returned last, the command's name first.
    package private(set) var slices: [ArgumentSlice] = []
    private var stage = Stage.start
    private var position = 0
    private var announced = 0
    /// False: the client has to log in first, and may send little until then. Set between requests.
    package var isLoggedIn = true

    package init() {}

    /// A request has begun and is not complete.
    package var isInsideRequest: Bool {
        switch stage {
        case .bulkHeader, .bulkBody: true
        case .start, .finished, .refused: false
        }
    }

    /// Reads on. `bytes` starts at the first byte of the current request.
    package mutating func next(_ bytes: RawSpan) -> Step {
        do throws(ProtocolError) {
            if stage == .finished { reset() }
            while true {
                switch stage {
                case .start:
                    guard try readCount(bytes) else { return .needsMore }
                    if announced == 0 { return finish() }
                case .bulkHeader:
                    readShortBulks(bytes)
                    if slices.count == announced { return finish() }
                    guard try readBulkHeader(bytes) else { return .needsMore }
                case .bulkBody(let count):
                    guard try readBulkBody(bytes, count) else { return .needsMore }
                    if slices.count == announced { return finish() }
                case .finished: reset()
                case .refused(let error): throw error
                }
            }
        } catch {
            stage = .refused(error)
            return .refused(error)
        }
    }

    private mutating func reset() {
        // A batch's slices are half a MiB: kept per batch, not for the life of a connection, of
        // which there are ten thousand.
        if slices.capacity > Self.keptSlices {
            slices = []
        } else {
            slices.removeAll(keepingCapacity: true)
        }
        stage = .start
        position = 0
        announced = 0
    }

    private static let keptSlices = 512

    private mutating func finish() -> Step {
        stage = .finished
        return .request(bytes: position)
    }

    private mutating func readCount(_ bytes: RawSpan) throws(ProtocolError) -> Bool {
        guard bytes.byteCount > 0 else { return false }
        let first = bytes.byte(0)
        if first == 0x0D {
            // An empty line, as `redis-cli --pipe` sends one: a request of nothing.
            guard bytes.byteCount > 1 else { return false }
            guard bytes.byte(1) == 0x0A else { throw .notAnArray(first) }
            position = 2
            return true
        }
        guard first == UInt8(ascii: "*") else { throw .notAnArray(first) }
        switch Self.lengthLine(bytes, from: 1) {
        case .incomplete: return false
        case .invalid: throw .invalidArgumentCount
        case .value(let count, let next):
            guard count <= WireLimits.maxBatchArguments + 1 else {
                throw .tooManyArguments(limit: WireLimits.maxBatchArguments)
            }
            guard isLoggedIn || count <= WireLimits.maxArgumentsBeforeLogin else {
                throw .tooManyBeforeLogin
            }
            announced = count
            position = next
            stage = .bulkHeader
            return true
        }
    }

    /// Steps over arguments after the first that are wholly there and have at most 99 bytes, which
    /// is nearly all of them. Whatever is unusual or wrong is left to the steps below.
    private mutating func readShortBulks(_ bytes: RawSpan) {
        guard !slices.isEmpty else { return }
        let limit = min(bytes.byteCount, WireLimits.maxRequestBytes)
        var at = position
        while slices.count < announced, at + 6 <= limit, bytes.byte(at) == UInt8(ascii: "$") {
            var count = Int(bytes.byte(at + 1) &- 48)
            let second = Int(bytes.byte(at + 2) &- 48)
            guard count < 10 else { break }
            var start = at + 4
            if second < 10 {
                guard count > 0 else { break }
                count = count * 10 + second
                start = at + 5
            }
            let end = start + count
            guard end + 2 <= limit, bytes.isLineEnd(start - 2), bytes.isLineEnd(end) else { break }
            slices.append(ArgumentSlice(start: UInt32(start), count: UInt32(count)))
            at = end + 2
        }
        position = at
    }

    private mutating func readBulkHeader(_ bytes: RawSpan) throws(ProtocolError) -> Bool {
        guard position < bytes.byteCount else { return false }
        let first = bytes.byte(position)
        guard first == UInt8(ascii: "$") else { throw .notABulkString(first) }
        switch Self.lengthLine(bytes, from: position + 1) {
        case .incomplete: return false
        case .invalid: throw .invalidBulkLength
        case .value(let count, let next):
            guard isLoggedIn || count <= WireLimits.maxBulkBytesBeforeLogin else {
                throw .bulkTooLongBeforeLogin
            }
            if count > WireLimits.maxBulkBytes {
                let limit = bulkLimit(bytes)
                guard count <= limit else { throw .bulkTooLong(limit: limit) }
            }
            guard next + count + 2 <= WireLimits.maxRequestBytes else { throw .requestTooLong }
            position = next
            stage = .bulkBody(count: count)
            return true
        }
    }

    /// What the argument that comes next may have: argument 1 of T.PUT is a whole batch.
    private func bulkLimit(_ bytes: RawSpan) -> Int {
        slices.count == 1 && CommandName.find(bytes, slices[0]) == .put
            ? WireLimits.maxPackedBytes : WireLimits.maxBulkBytes
    }

    private mutating func readBulkBody(
        _ bytes: RawSpan, _ count: Int
    ) throws(ProtocolError) -> Bool {
        let end = position + count
        guard end + 2 <= bytes.byteCount else { return false }
        guard bytes.isLineEnd(end) else { throw .missingLineEnd }
        slices.append(ArgumentSlice(start: UInt32(position), count: UInt32(count)))
        position = end + 2
        stage = .bulkHeader
        if slices.count == 1 && announced > WireLimits.maxArguments + 1 {
            guard CommandName.find(bytes, slices[0])?.mayCarryBatch == true else {
                throw .tooManyArguments(limit: WireLimits.maxArguments)
            }
        }
        return true
    }

    private enum LengthLine {
        case incomplete
        case invalid
        case value(Int, next: Int)
    }

    /// Digits and CR LF. No sign, no leading zero, no more digits than an accepted length can have.
    private static func lengthLine(_ bytes: RawSpan, from start: Int) -> LengthLine {
        var value = 0
        var i = start
        while i < bytes.byteCount {
            let byte = bytes.byte(i)
            if byte == 0x0D {
                guard i > start, i - start == 1 || bytes.byte(start) != UInt8(ascii: "0") else {
                    return .invalid
                }
                guard i + 1 < bytes.byteCount else { return .incomplete }
                return bytes.byte(i + 1) == 0x0A ? .value(value, next: i + 2) : .invalid
            }
            guard byte &- 48 < 10, i - start < WireLimits.maxLengthLineBytes else {
                return .invalid
            }
            value = value * 10 + Int(byte &- 48)
            i += 1
        }
        return .incomplete
    }
}

extension RawSpan {
    /// One byte; an offset outside stops the program, in release too.
    @inline(__always) func byte(_ offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    @inline(__always) func isLineEnd(_ offset: Int) -> Bool {
        byte(offset) == 0x0D && byte(offset + 1) == 0x0A
    }
}
