import TachoGeo
import TachoIngest

extension Explanation {
    /// One JSON object without a line feed; its keys are stated in `format-spec.md` §10.
    package var json: [UInt8] {
        var object = JSONText()
        object.add("rider", subject.rider)
        object.add("ts_ms", subject.stored.fix.tsMs)
        object.add("verdict", subject.current.text)
        object.add("verdict_on_arrival", subject.stored.verdict.text)
        object.add("effect", subject.current.effect.name)
        object.add("codes", codes.map { JSONText.quoted($0) })
        object.add("sentence", sentence)
        object.add("fix", json: Self.json(subject.stored.fix))
        object.add("recv_ms", subject.stored.ruleRecvMs)
        object.add("vehicle", subject.stored.vehicle.name)
        addWay(to: &object)
        if let previous { object.add("previous", json: besides(previous)) }
        if let first { object.add("first", json: besides(first)) }
        if let by = trace?.decidedBy, by.tsMs != subject.stored.fix.tsMs {
            object.add("decided_by", json: Self.json(by))
        }
        if let trace {
            if trace.run > 0 { object.add("run", Int64(trace.run)) }
            object.add("recomputed", (differing ?? subject.current).text)
        }
        object.add("rule_set", Int64(RuleSet.version))
        object.add("thresholds", thresholdsText)
        object.add("amendments", subject.amendments.map(Self.json))
        object.add("place", json: Self.json(subject.place))
        object.add("alerts", subject.alerts.map(Self.json))
        return object.finished
    }

    /// From the anchor.
    private func addWay(to object: inout JSONText) {
        guard let trace, let anchor = trace.anchor, let leg = trace.leg else { return }
        var place = JSONText()
        place.add("ts_ms", anchor.tsMs)
        place.add("lat", scaled: anchor.latE7, decimals: 7, trimmed: false)
        place.add("lon", scaled: anchor.lonE7, decimals: 7, trimmed: false)
        if anchor.accuracyDm != Fix.absent {
            place.add("accuracy_m", scaled: anchor.accuracyDm, decimals: 1)
        }
        object.add("anchor", json: place.finished)
        object.add("distance_m", leg.distanceM, decimals: 1)
        object.add("dt_ms", leg.dtMs)
        object.add("dt_star_ms", leg.dtStarMs)
        object.add("reach_m", leg.reachM, decimals: 1)
        if let limit = codes.first.flatMap({ figures($0).limitM }) {
            object.add("limit_m", limit, decimals: 1)
        }
    }

    /// Another fix, and how far it is.
    private func besides(_ other: Fix) -> [UInt8] {
        let fix = subject.stored.fix
        var object = JSONText()
        object.add("ts_ms", other.tsMs)
        Self.addPlace(other, to: &object)
        object.add(
            "distance_m", Distance.onSphere(other.coordinate, fix.coordinate), decimals: 1)
        object.add("dt_ms", fix.tsMs - other.tsMs)
        return object.finished
    }

    /// With all fields the phone sent, under the names of imports.
    private static func json(_ fix: Fix) -> [UInt8] {
        var object = JSONText()
        object.add("ts_ms", fix.tsMs)
        addPlace(fix, to: &object)
        if fix.speedCms != Fix.absent { object.add("speed_mps", scaled: fix.speedCms, decimals: 2) }
        if fix.headingCdeg != Fix.absent {
            object.add("heading_deg", scaled: fix.headingCdeg, decimals: 2)
        }
        if fix.altitudeDm != Fix.absent {
            object.add("alt_m", scaled: fix.altitudeDm, decimals: 1)
        }
        if let source = fix.source.name { object.add("src", source) }
        return object.finished
    }

    private static func addPlace(_ fix: Fix, to object: inout JSONText) {
        object.add("lat", scaled: fix.latE7, decimals: 7, trimmed: false)
        object.add("lon", scaled: fix.lonE7, decimals: 7, trimmed: false)
        if fix.accuracyDm != Fix.absent {
            object.add("accuracy_m", scaled: fix.accuracyDm, decimals: 1)
        }
    }

    private static func json(_ amendment: CaseAmendment) -> [UInt8] {
        var object = JSONText()
        object.add("verdict", amendment.verdict.text)
        object.add("cause", amendment.cause.name)
        if let sequence = amendment.sequence { object.add("sequence", Int64(sequence)) }
        object.add("rule_set", Int64(amendment.ruleSet))
        return object.finished
    }

    private static func json(_ place: CasePlace) -> [UInt8] {
        var object = JSONText()
        object.add("in", place.holder.rawValue)
        object.add("range", Int64(place.range))
        object.add("arrival", Int64(place.arrival))
        object.add("first_sequence", Int64(place.firstSequence))
        if let last = place.lastSequence { object.add("last_sequence", Int64(last)) }
        if let at = place.segment {
            object.add("segment", Int64(at.id))
            object.add("file", at.file)
            object.add("block", Int64(at.block))
            object.add("index", Int64(at.index))
        }
        if let problem = place.problem { object.add("problem", problem) }
        return object.finished
    }

    private static func json(_ alert: CaseAlert) -> [UInt8] {
        var object = JSONText()
        object.add("code", alert.code)
        object.add("severity", alert.severity)
        object.add("ts_ms", alert.tsMs)
        object.add("at_recv_ms", alert.atRecvMs)
        object.add("count", Int64(alert.count))
        object.add("evidence", json: Array(alert.evidenceJSON.utf8))
        return object.finished
    }
}
