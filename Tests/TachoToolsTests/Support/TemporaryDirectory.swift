import Foundation
import TachoTools

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A directory that is gone when the value is.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/tacho-tools-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("no temporary directory") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file and gives its path.
    func write(_ name: String, _ bytes: [UInt8]) -> String {
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0, "cannot create \(file)")
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done)
            }
            precondition(count > 0, "cannot write \(file)")
            done += count
        }
        return file
    }

    func write(_ name: String, _ text: String) -> String { write(name, Array(text.utf8)) }

    static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &block, block.count)
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += block[..<count]
        }
    }

    static func text(_ path: String) -> String? {
        read(path).map { String(decoding: $0, as: UTF8.self) }
    }

    static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// Collects what tools print.
func captured(_ directory: TemporaryDirectory, _ body: (Output) throws -> Void) throws -> String {
    let path = directory.write("output", "")
    let descriptor = open(path, O_WRONLY | O_TRUNC)
    defer { close(descriptor) }
    let output = Output(descriptor: descriptor, name: path)
    try body(output)
    try output.flush()
    return TemporaryDirectory.text(path) ?? ""
}
