import TachoAudit
import TachoStore

/// What must be so before points of a range may leave the database.
extension Engine {
    /// Sealed ranges that are old enough, have their copies, and are not retired yet; oldest first.
    func retirable(
        _ query: RetireQuery, _ report: inout RetireReport
    ) throws(StoreError) -> [(UInt32, SealRow)] {
        let retired = try RetiredRow.all(store.database)
        let newestMs = query.newestRecvMs(nowMs: options.nowMs())
        let mirrors: Mirrors = query.copies.map { directory in
            let record = Result { () throws(SegmentError) in
                try MirrorRecord.read(directory: directory)
            }
            return (directory, record)
        }
        var list: [(UInt32, SealRow)] = []
        for (range, seal) in try SealRow.all(store.database)
        where seal.state == .sealed && retired[range]?.state != .done {
            do throws(SegmentError) {
                // What was begun is brought to its end.
                if retired[range] == nil {
                    let source = try SegmentSource(path: segmentPath(range))
                    let header = try SegmentReader.header(of: source)
                    guard header.points == 0 || header.recvBounds.maxMs <= newestMs else {
                        continue
                    }
                }
            } catch {
                let file = "audit/" + SegmentStore.fileName(UInt64(range))
                report.kept.append(
                    KeptRange(segment: UInt64(range), reason: error.message(file: file)))
                continue
            }
            if let reason = copyObstacle(range, seal, mirrors) {
                report.kept.append(KeptRange(segment: UInt64(range), reason: reason))
            } else {
                list.append((range, seal))
            }
        }
        return list
    }

    private typealias Mirrors = [(String, Result<MirrorRecord, SegmentError>)]

    /// Which copy is missing; nil: all are confirmed.
    private func copyObstacle(_ range: UInt32, _ seal: SealRow, _ mirrors: Mirrors) -> String? {
        for (directory, mirror) in mirrors {
            switch mirror {
            case .failure(let error):
                return "\(directory)/\(MirrorRecord.fileName): \(error.detail); run "
                    + "tacho-audit mirror to that directory"
            case .success(let mirror):
                if mirror.confirms(
                    segment: UInt64(range), bytes: seal.bytes, sha256: seal.sha256,
                    in: directory)
                {
                    continue
                }
                return "\(directory) has no confirmed copy of "
                    + "\(SegmentStore.fileName(UInt64(range))) with SHA-256 "
                    + "\(Digest.hex(seal.sha256)); run tacho-audit mirror to that directory"
            }
        }
        return nil
    }

    func segmentPath(_ range: UInt32) -> String {
        store.directory.auditPath + "/" + SegmentStore.fileName(UInt64(range))
    }

    /// What is wrong with the file as it is on the device; nil: it is what was sealed.
    func fileObstacle(_ range: UInt32, _ seal: SealRow) throws(StoreError) -> String? {
        let file = SegmentStore.fileName(UInt64(range))
        do throws(PublishError) {
            let found = try SegmentStore.existing(
                directory: store.directory.auditPath, id: UInt64(range))
            guard let found else { return "audit/\(file) is not there; put it back from a copy" }
            guard found.sha256 == seal.sha256, found.points == seal.points else {
                return "audit/\(file) has SHA-256 \(Digest.hex(found.sha256)), not the "
                    + "\(Digest.hex(seal.sha256)) it was sealed with; put it back from a copy"
            }
            return nil
        } catch {
            return error.message
        }
    }
}
