import Foundation
import Testing

@testable import TachoStore

#if canImport(Glibc)
    import Glibc
#endif

struct DirectoryLockTests {
    /// A program that is being started has copies of its parent's descriptors for a moment: a
    /// directory that was closed and opened again meanwhile was said to be in use.
    @Test func `a directory that was let go is free, whoever has a copy of its lock`() throws {
        let path = NSTemporaryDirectory() + "tacho-lock-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (first, _) = try DataDirectory.open(path, create: true)
        #expect(throws: StoreOpenError.self) { try DataDirectory.open(path, create: true) }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        let held = try #require(
            descriptors.compactMap { Int32($0) }.first { descriptor in
                let target = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/fd/\(descriptor)")
                return target == path + "/LOCK"
            })
        let copy = dup(held)
        defer { close(copy) }
        first.release()
        let (second, _) = try DataDirectory.open(path, create: true)
        second.release()
    }
}
