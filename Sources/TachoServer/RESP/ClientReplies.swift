import TachoEngine
import TachoWire

/// What a client has said about itself, for CLIENT LIST.
struct ClientSession {
    var name: [UInt8] = []
    var libraryName: [UInt8] = []
    var libraryVersion: [UInt8] = []
    var address = "?"
    var localAddress = "?"
    /// The common name of the certificate that the client showed.
    var certificateName: String?
    let sinceMs: Int64

    init(sinceMs: Int64) { self.sinceMs = sinceMs }

    /// All fields of Redis 7, as redis-py asks for each: sizes are not measured and are 0.
    func line(id: UInt64, user: String, version: RespVersion, nowMs: Int64) -> String {
        let name = String(decoding: name, as: UTF8.self)
        let library = String(decoding: libraryName, as: UTF8.self)
        let libraryVersion = String(decoding: libraryVersion, as: UTF8.self)
        return "id=\(id) addr=\(address) laddr=\(localAddress) fd=-1 name=\(name)"
            + " age=\((nowMs - sinceMs) / 1_000) idle=0 flags=N db=0 sub=0 psub=0 ssub=0 multi=-1"
            + " qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0"
            + " events=r cmd=client user=\(user) redir=-1 resp=\(version.rawValue)"
            + " lib-name=\(library) lib-ver=\(libraryVersion)\n"
    }
}

extension ConnectionHandler {
    func run(_ command: ClientCommand) {
        switch command {
        case .setName(let name):
            session.name = name
            output.simple("OK")
        case .setInfo(.name, let text):
            session.libraryName = text
            output.simple("OK")
        case .setInfo(.version, let text):
            session.libraryVersion = text
            output.simple("OK")
        case .getName: session.name.isEmpty ? output.null() : output.bulk(session.name)
        case .id: output.integer(Int64(id))
        case .info: output.verbatim(sessionLine())
        case .list(let filter):
            let found = service.connections(filter)
            output.verbatim(found.map { $0.sessionLine() }.joined())
        case .killAddress(let address):
            var filter = ClientFilter()
            filter.address = address
            let found = service.connections(filter)
            guard !found.isEmpty else { return output.error("ERR No such client") }
            output.simple("OK")
            close(found)
        case .kill(let filter):
            let found = service.connections(filter).filter {
                $0.id != id || !filter.skipsAsking
            }
            output.integer(Int64(found.count))
            close(found)
        case .accepted: output.simple("OK")
        }
    }

    func sessionLine() -> String {
        session.line(id: id, user: userName, version: output.version, nowMs: service.nowMs())
    }

    /// Others at once; this one when it has its reply.
    private func close(_ connections: [ConnectionHandler]) {
        for other in connections where other.id != id { other.closeNow() }
        if connections.contains(where: { $0.id == id }) { state.finish(.close) }
    }
}

extension RespService {
    /// Those a filter means, by id.
    fileprivate func connections(_ filter: ClientFilter) -> [ConnectionHandler] {
        connections.sorted { $0.key < $1.key }.map(\.value).filter { matches($0, filter) }
    }

    private func matches(_ connection: ConnectionHandler, _ filter: ClientFilter) -> Bool {
        if let ids = filter.ids, !ids.contains(connection.id) { return false }
        if let address = filter.address, !connection.session.address.utf8.elementsEqual(address) {
            return false
        }
        if let address = filter.localAddress,
            !connection.session.localAddress.utf8.elementsEqual(address)
        {
            return false
        }
        if let user = filter.user, !connection.userName.utf8.elementsEqual(user) { return false }
        return filter.kind == nil || filter.kind == .normal
    }
}
