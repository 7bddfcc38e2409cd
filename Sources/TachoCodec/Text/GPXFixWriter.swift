package import TachoGeo

/// Writes a rider's fixes as GPX 1.1, one track of one segment: what a `GPXFixReader` reads back as
/// the same fixes.
///
/// Speed and course stand in Garmin's `TrackPointExtension` v2, which other programs know; accuracy,
/// source and a verdict that is not `ok` in elements of `GPXNames.ownNamespace`. A longitude of
/// exactly 180° is written as such, which the format's schema does not allow and readers do.
/// Cost: about 150 ns a point.
package enum GPXFixWriter {
    /// Up to the first point.
    package static func header(rider: UnsafeRawBufferPointer) -> [UInt8] {
        var out = documentStart
        out += Array("<trk><name>".utf8)
        appendText(String(decoding: rider, as: UTF8.self), to: &out)
        out += Array("</name><trkseg>\n".utf8)
        return out
    }

    /// Up to the first track.
    package static let documentStart = Array(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <gpx version="1.1" creator="Tacho" xmlns="http://www.topografix.com/GPX/1/1"\
         xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v2"\
         xmlns:tacho="\(GPXNames.ownNamespace)">

        """.utf8)

    /// Behind the last point.
    package static let footer = Array("</trkseg></trk>\n</gpx>\n".utf8)

    /// One point, a line. The order of elements is the schema's.
    package static func append(_ fix: Fix, verdict: String, to out: inout TextBuffer) {
        let words = verdict == "ok" ? "" : verdict
        var cursor = out.cursor(room: room + words.utf8.count)
        cursor.put("<trkpt lat=\"")
        cursor.put(e7: fix.latE7)
        cursor.put("\" lon=\"")
        cursor.put(e7: fix.lonE7)
        cursor.put("\">")
        putElevationAndTime(fix, to: &cursor)
        putExtensions(fix, words, to: &cursor)
        cursor.put("</trkpt>\n")
        out.advance(to: cursor)
    }

    private static func putExtensions(_ fix: Fix, _ verdict: String, to cursor: inout TextCursor) {
        let hasMotion = fix.speedCms != Fix.absent || fix.headingCdeg != Fix.absent
        guard
            hasMotion || fix.accuracyDm != Fix.absent || fix.source != .unknown
                || !verdict.isEmpty
        else { return }
        cursor.put("<extensions>")
        putReported(fix, to: &cursor)
        if !verdict.isEmpty {
            cursor.put("<tacho:verdict>")
            for byte in verdict.utf8 { cursor.put(byte) }
            cursor.put("</tacho:verdict>")
        }
        cursor.put("</extensions>")
    }

    /// Tags of a point with all fields, numbers, a time.
    private static let room = 512 + UTCTime.room
}

// MARK: Parts, for exports that say more of a point

extension GPXFixWriter {
    /// Bytes `putElevationAndTime` and `putReported` write at most.
    package static let partsRoom = 384 + UTCTime.room

    package static func putElevationAndTime(_ fix: Fix, to cursor: inout TextCursor) {
        if fix.altitudeDm != Fix.absent {
            cursor.put("<ele>")
            cursor.put(tenths: fix.altitudeDm)
            cursor.put("</ele>")
        }
        cursor.put("<time>")
        UTCTime.put(ms: fix.tsMs, to: &cursor)
        cursor.put("</time>")
    }

    /// What the phone said beside place and time, within `extensions`.
    package static func putReported(_ fix: Fix, to cursor: inout TextCursor) {
        if fix.speedCms != Fix.absent || fix.headingCdeg != Fix.absent {
            cursor.put("<gpxtpx:TrackPointExtension>")
            if fix.speedCms != Fix.absent {
                cursor.put("<gpxtpx:speed>")
                cursor.put(hundredths: fix.speedCms)
                cursor.put("</gpxtpx:speed>")
            }
            if fix.headingCdeg != Fix.absent {
                cursor.put("<gpxtpx:course>")
                cursor.put(hundredths: fix.headingCdeg)
                cursor.put("</gpxtpx:course>")
            }
            cursor.put("</gpxtpx:TrackPointExtension>")
        }
        if fix.accuracyDm != Fix.absent {
            cursor.put("<tacho:accuracy>")
            cursor.put(tenths: fix.accuracyDm)
            cursor.put("</tacho:accuracy>")
        }
        if let source = fix.source.name {
            cursor.put("<tacho:src>")
            for byte in source.utf8 { cursor.put(byte) }
            cursor.put("</tacho:src>")
        }
    }

    /// Text between tags. Characters that XML 1.0 does not have become U+FFFD.
    package static func appendText(_ text: String, to out: inout [UInt8]) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += Array("&amp;".utf8)
            case "<": out += Array("&lt;".utf8)
            case ">": out += Array("&gt;".utf8)
            default:
                let shown = XMLReferences.isAllowed(scalar.value) ? scalar : "\u{FFFD}"
                out += Array(String(Character(shown)).utf8)
            }
        }
    }
}
