/// Why a segment is refused. Equal when the codes are equal; the rest is for people.
package struct SegmentError: Error, Equatable, Sendable {
    /// One case per refusal. The raw value is the word in JSON output.
    package enum Code: String, Sendable, CaseIterable {
        case cutHeader = "cut_header"
        case notASegment = "not_a_segment"
        case unknownVersion = "unknown_version"
        case versionsDisagree = "versions_disagree"
        case headerChecksum = "header_checksum"
        case unknownAlgorithm = "unknown_algorithm"
        case reservedNotZero = "reserved_not_zero"
        case headerContent = "header_content"
        case cut = "cut"
        case trailingBytes = "trailing_bytes"
        case footerMagic = "footer_magic"
        case footerChecksum = "footer_checksum"
        case footerContent = "footer_content"
        case leavesChecksum = "leaves_checksum"
        case indexChecksum = "index_checksum"
        case indexContent = "index_content"
        case namesChecksum = "names_checksum"
        case namesContent = "names_content"
        case blockHeader = "block_header"
        case blockChecksum = "block_checksum"
        case blockLeaf = "block_leaf"
        case blockColumns = "block_columns"
        case blockOrder = "block_order"
        case amendment = "amendment"
        case counts = "counts"
        case root = "root"
        case fileHash = "file_hash"
        case sequenceGap = "sequence_gap"
        case inputOutput = "io"
    }

    package let code: Code
    /// What is wrong, with the values.
    package let detail: String
    /// The block it is in, counted from 0.
    package let block: Int?
    /// The bytes of the file it is about.
    package let bytes: Range<UInt64>?

    package init(
        _ code: Code, _ detail: String, block: Int? = nil, bytes: Range<UInt64>? = nil
    ) {
        self.code = code
        self.detail = detail
        self.block = block
        self.bytes = bytes
    }

    package static func == (a: SegmentError, b: SegmentError) -> Bool { a.code == b.code }

    package var exit: AuditExit {
        switch code {
        case .cutHeader, .cut, .sequenceGap: .incomplete
        case .unknownVersion, .unknownAlgorithm: .unknownVersion
        case .inputOutput: .inputOutput
        default: .damage
        }
    }

    /// One line: where, what, and what to do.
    package func message(file: String) -> String {
        var text = file
        if let block { text += ": block \(block)" }
        if let bytes { text += ": bytes \(bytes.lowerBound)-\(bytes.upperBound)" }
        return text + ": " + detail + "; " + advice
    }

    private var advice: String {
        switch exit {
        case .incomplete: "put back the whole file from a copy with the right SHA-256"
        case .unknownVersion: "read it with a newer tacho-audit"
        case .inputOutput: "check the disk and permissions, then run again"
        default: "replace the file by a copy with the right SHA-256"
        }
    }
}
