#if PLANTED_BUG
    import Glibc
#endif

/// Defects put in on purpose: `tools/fuzz/run --prove` must find each of them within seconds, or
/// the fuzzing shows nothing. `TACHO_PLANTED` chooses one; an ordinary build has none.
enum Planted {
    #if PLANTED_BUG
        private static let chosen = getenv("TACHO_PLANTED").map { String(cString: $0) } ?? ""
        /// The classic mistake of a handler: bytes that were looked at are taken for done.
        static let forgetsItsPlace = chosen == "answer"
        /// A reader's: a heading of 360° stays what it is.
        static let keepsFullCircle = chosen == "row"
        private static let readsBehindItsEnd = chosen == "bounds"
        private static let runsForEver = chosen == "hang"
        private static let hoards = chosen == "memory"
        nonisolated(unsafe) private static var hoard: [[UInt8]] = []

        /// Where a name that was understood begins with `{`, which no seed has.
        static func named(_ name: UnsafeRawBufferPointer, of input: UnsafeRawBufferPointer) {
            guard name.first == UInt8(ascii: "{") else { return }
            if readsBehindItsEnd, let start = input.baseAddress {
                let behind = (start + input.count).load(as: UInt8.self)
                withExtendedLifetime(behind) { hoard = [[behind]] }
            }
            while runsForEver { _ = getpid() }
            if hoards { hoard.append([UInt8](repeating: 1, count: 900 << 20)) }
        }
    #else
        @inline(__always) static var forgetsItsPlace: Bool { false }
        @inline(__always) static var keepsFullCircle: Bool { false }
        @inline(__always)
        static func named(_ name: UnsafeRawBufferPointer, of input: UnsafeRawBufferPointer) {}
    #endif
}
