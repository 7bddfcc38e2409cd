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
        /// Written for nothing, and read once so that it is.
        nonisolated(unsafe) private static var seen: UInt8 = 0

        /// Where a name that was understood begins with one of ten signs, as none of a seed does.
        static func named(_ name: UnsafeRawBufferPointer, of input: UnsafeRawBufferPointer) {
            guard let first = name.first, "[\\]^_`{|}~".utf8.contains(first) else { return }
            if readsBehindItsEnd, let start = input.baseAddress {
                seen = (start + input.count).load(as: UInt8.self)
            }
            precondition(input.count < 1 << 40 || seen == 0)
            while runsForEver { _ = getpid() }
            if hoards {
                seen = UInt8(
                    truncatingIfNeeded: Int(
                        bitPattern: UnsafeMutableRawPointer.allocate(
                            byteCount: 900 << 20, alignment: 16)))
            }
        }
    #else
        @inline(__always) static var forgetsItsPlace: Bool { false }
        @inline(__always) static var keepsFullCircle: Bool { false }
        @inline(__always)
        static func named(_ name: UnsafeRawBufferPointer, of input: UnsafeRawBufferPointer) {}
    #endif
}
