import Synchronization
@testable import TachoAccess
import Testing

struct LoginTests {
    @Test func `a password is remembered for its user, its hash and itself only`() throws {
        let hash = try PasswordHash.make(of: Array("one".utf8), rounds: 1_024)
        let other = try PasswordHash.make(of: Array("one".utf8), rounds: 1_024)
        var memory = PasswordMemory()
        let mark = memory.mark("kim", hash, Array("one".utf8))
        #expect(!memory.knows("kim", mark))
        memory.remember("kim", mark)
        #expect(memory.knows("kim", memory.mark("kim", hash, Array("one".utf8))))
        #expect(!memory.knows("kim", memory.mark("kim", hash, Array("two".utf8))))
        #expect(!memory.knows("kim", memory.mark("kim", other, Array("one".utf8))))
        #expect(!memory.knows("lee", memory.mark("lee", hash, Array("one".utf8))))
        #expect(PasswordMemory().mark("kim", hash, Array("one".utf8)) != mark)
        memory.keep(
            only: try AccessFile.parse("user lee role read nopass-by-certificate", path: ""))
        #expect(!memory.knows("kim", mark))
    }

    @Test func `wrong passwords of one address are answered later and later`() {
        var attempts = FailedAttempts()
        let delays = (0..<12).map { attempts.failed("10.0.0.1", nowMs: Int64($0)) }
        #expect(delays.prefix(4) == [0, 0, 0, 100])
        #expect(delays == delays.sorted() && delays.last == FailedAttempts.greatestDelayMs)
        #expect(attempts.failed("10.0.0.2", nowMs: 12) == 0)
        #expect(attempts.failed("10.0.0.1", nowMs: 100_000) == 0)
    }

    @Test func `memory of addresses is bounded, and those beyond it share a count`() {
        var attempts = FailedAttempts()
        for number in 0..<FailedAttempts.maxAddresses {
            _ = attempts.failed("a\(number)", nowMs: 0)
        }
        let delays = (0..<8).map { attempts.failed("b\($0)", nowMs: 1) }
        #expect(attempts.count <= FailedAttempts.maxAddresses + 1)
        #expect(delays.last ?? 0 > 0)
        #expect(attempts.failed("c", nowMs: 200_000) == 0)
        #expect(attempts.count < 10)
    }

    @Test func `what waits to be checked is bounded, and what was taken is answered`() async throws
    {
        let hash = try PasswordHash.make(of: Array("x".utf8), rounds: 1_024)
        let checker = PasswordChecker(limit: 4)
        let answers = Mutex<[Bool]>([])
        var taken = 0
        for number in 0..<40 {
            let password = Array((number % 2 == 0 ? "x" : "y").utf8)
            if checker.check(password, hash, { isRight in answers.withLock { $0.append(isRight) } })
            {
                taken += 1
            }
        }
        #expect(taken >= 4)
        for _ in 0..<2_000 where answers.withLock({ $0.count }) < taken {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(answers.withLock { $0.count } == taken)
        #expect(answers.withLock { $0.contains(true) && $0.contains(false) })
    }
}
