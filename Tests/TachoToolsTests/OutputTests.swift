import TachoClient
import Testing

@testable import TachoTools

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct OutputTests {
    @Test func `a reader that has gone away is told from an error`() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        let output = Output(descriptor: ends[1], name: "the pipe")
        #expect(throws: OutputClosed.self) {
            try output.line("x")
            try output.flush()
        }
        close(ends[1])
        let closed = Output(descriptor: ends[1], name: "the pipe")
        let failure = #expect(throws: ToolFailure.self) {
            try closed.line("x")
            try closed.flush()
        }
        #expect(failure?.status == ExitStatus.ioError)
    }

    @Test func `progress shows a bar only when the size is known`() {
        #expect(
            ProgressBar.text(50, 100, 1_000, seconds: 2)
                == "[###############---------------] 50 %  1000 fixes, 500/s")
        let full = "[" + String(repeating: "#", count: 30) + "] 100 %"
        #expect(ProgressBar.text(500, 100, 1, seconds: 0).hasPrefix(full))
        #expect(ProgressBar.text(50, nil, 7, seconds: 1) == "7 fixes, 7/s")
    }
}
