package import TachoClient
package import TachoGeo

/// A geofence as tools show it.
package struct FenceRow: Equatable, Sendable {
    package var id: String
    /// The area's words, spaces between them.
    package var area: String
    package var detect: String
    /// Metres, shortest text.
    package var margin: String
    /// nil: never.
    package var expiresMs: Int64?
    package var inside: Int64
    package var events: Int64
}

package struct FenceRows: Sendable {
    package var rows: [FenceRow]
    /// Where the next page starts; nil at the end.
    package var next: String?

    /// Fences asked for at a time.
    static let pageFences = 1_000
}

/// An entry of a fence's stream.
package struct FenceEventRow: Equatable, Sendable {
    /// `ms-n`.
    package var id: String
    package var event: String
    /// nil: of the fence itself; then there is no position either.
    package var rider: String?
    package var tsMs: Int64
    package var position: Coordinate?
    package var sinceMs: Int64?

    /// Events asked for at a time.
    static let pageEvents = 1_000
}

/// A fence that is to be set, checked.
package struct FenceRequest: Sendable {
    package var definition: FenceDefinition
    package var expiresAfterS: Int64?

    /// `area` has commas between its words.
    package init(
        id: String, area: String, detect: String, margin: String?, expiresAfter: String?
    ) throws(ToolFailure) {
        let words = area.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        do {
            if let defect = Array(id.utf8).withUnsafeBytes({ RiderName.defect($0) }) {
                throw FenceError.id(defect)
            }
            _ = try Area(commaSeparated: area)
            definition = FenceDefinition(
                id: Array(id.utf8), areaText: words.joined(separator: " "),
                detection: try FenceDetection(text: detect),
                marginM: try margin.map { text throws(FenceError) in
                    try FenceDefinition.margin(text)
                } ?? FenceDefinition.usualMarginM)
            expiresAfterS = try expiresAfter.map { text throws(FenceError) in
                try FenceDefinition.expiry(text)
            }
        } catch let error as AreaError {
            throw ToolFailure(ExitStatus.usage, "area: \(error)")
        } catch {
            throw ToolFailure(ExitStatus.usage, "\(error)")
        }
    }
}
