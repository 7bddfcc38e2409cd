/// Why a finished temporary segment did not become a sealed one. Nothing was overwritten.
package enum PublishError: Error, Equatable, Sendable {
    /// A segment of this number exists and is another one: sealing must stop for a person to look.
    case otherContent(path: String, ours: String, theirs: String)
    /// What was read back from the disk is damaged, or not what the second pass over the store
    /// counted.
    case readBack(path: String, why: String)
    /// The file under the segment's name, which was there before, is damaged or cannot be read.
    case existing(path: String, SegmentError)
    case inputOutput(operation: String, path: String, errno: Int32)

    package var message: String {
        switch self {
        case .otherContent(let path, let ours, let theirs):
            "\(path) exists with other content (\(theirs), not \(ours)); "
                + "sealing stops, nothing was overwritten; compare it with a copy"
        case .readBack(let path, let why):
            "\(path) was written but reads back wrong: \(why); "
                + "check the disk and memory, then start again"
        case .existing(let path, let error):
            error.message(file: path) + "; nothing was overwritten"
        case .inputOutput(let operation, let path, let errno):
            "\(operation) \(path): \(SystemError.text(errno))"
        }
    }
}
