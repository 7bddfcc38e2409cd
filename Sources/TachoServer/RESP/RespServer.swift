import CTacho
package import Logging
import NIOCore
import NIOPosix
import Synchronization
package import TachoAccess
package import TachoEngine
import TachoGeo
package import TachoNotify

#if canImport(Glibc)
    import Glibc
#endif

/// The RESP listener: one event loop thread, a bounded number of connections.
///
/// One loop is enough for what two cores can do, and faster than two: a second one takes the core
/// of the clients or of the judge.
package final class RespServer: Sendable {
    package enum StartError: Error, Sendable {
        case cannotBind(address: String, reason: String)
        /// Records of look-ups cannot be kept.
        case records(String)

        package var message: String {
            switch self {
            case .records(let message): message
            case .cannotBind(let address, let reason): "cannot listen on \(address): \(reason)"
            }
        }
    }

    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    private let mailbox: LoopMailbox
    private let service: NIOLoopBoundBox<RespService?>
    private let alerts: AlertObserver
    private let engine: Engine
    private let limits: ServerLimits
    /// nil: everything is plain.
    let tls: TLSCredentials?
    private let isStopped = Atomic(false)

    /// The shortest slice that Linux grants.
    private static let sliceNs: UInt64 = 100_000

    /// The address it really listens on, `HOST:PORT`.
    package let address: String

    private init(
        group: MultiThreadedEventLoopGroup, listener: any Channel, mailbox: LoopMailbox,
        service: NIOLoopBoundBox<RespService?>, engine: Engine, limits: ServerLimits,
        tls: TLSCredentials?
    ) {
        self.group = group
        self.listener = listener
        self.mailbox = mailbox
        self.service = service
        self.engine = engine
        self.limits = limits
        self.tls = tls
        address = listener.localAddress.map(ListenAddress.text) ?? "?"
        alerts = engine.observeAlerts { mailbox.post(.newAlerts) }
    }

    /// Users, and where look-ups by staff are put on record.
    package struct Access: Sendable {
        package var accounts: AccountList
        package var recordsDirectory: String

        package init(accounts: AccountList, recordsDirectory: String) {
            self.accounts = accounts
            self.recordsDirectory = recordsDirectory
        }
    }

    /// Binds and accepts. Without `access` all who can connect may do everything; with `tls`, clients of
    /// other machines speak TLS. `nowMs` is the clock of receipt times; `requestStop` is called on the
    /// loop when a client asks for a stop, and must not wait for it.
    package static func start(
        engine: Engine, address: ListenAddress, limits: ServerLimits = ServerLimits(),
        nowMs: @escaping @Sendable () -> Int64, logger: Logger, access: Access? = nil,
        tls: TLSCredentials? = nil,
        requestStop: (@Sendable () -> Void)? = nil, notifier: Notifier? = nil
    ) throws(StartError) -> RespServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let mailbox = LoopMailbox(loop: loop)
        let box = NIOLoopBoundBox<RespService?>.makeEmptyBox(
            valueType: RespService.self, eventLoop: loop)
        do {
            try loop.submit {
                // A reader's request should not wait until whoever has the core is done with its
                // 3 ms: measured, p99 of T.GET under load was the length of others' bursts.
                _ = tacho_ask_short_slices(sliceNs)
                let service = RespService(
                    engine: engine, mailbox: mailbox, loop: loop, limits: limits, nowMs: nowMs,
                    logger: logger, tls: tls, accounts: access?.accounts,
                    records: try access.map { try AccessLog($0.recordsDirectory) },
                    requestStop: requestStop, notifier: notifier)
                box.value = service
                mailbox.deliver(to: service)
            }.wait()
            let listener = try bootstrap(group, box, limits, tls).bind(to: address.socketAddress)
                .wait()
            try loop.submit { box.value?.port = listener.localAddress?.port ?? 0 }.wait()
            return RespServer(
                group: group, listener: listener, mailbox: mailbox, service: box, engine: engine,
                limits: limits, tls: tls)
        } catch {
            group.shutdownGracefully { _ in }
            if let failure = error as? AccessFailure { throw .records(failure.message) }
            throw .cannotBind(
                address: ListenAddress.text(address.socketAddress), reason: Self.reason(error))
        }
    }

    /// Requests are kept for SLOWLOG from so many µs on from now on; below 0 none is.
    package func setSlow(microseconds: Int64) {
        onLoop { $0?.slowMicroseconds = microseconds }
    }

    static func reason(_ error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }

    /// Runs `body` on the loop, with what lives there; nil: it has stopped. Not to be called when `stop`
    /// has returned.
    func onLoop(_ body: @escaping @Sendable (RespService?) -> Void) {
        group.next().execute { body(self.service.value) }
    }

    private static func bootstrap(
        _ group: MultiThreadedEventLoopGroup, _ box: NIOLoopBoundBox<RespService?>,
        _ limits: ServerLimits, _ tls: TLSCredentials?
    ) -> ServerBootstrap {
        listening(ServerBootstrap(group: group), limits)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A client may end its side and still wait for the commit of what it sent.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: waterMark(limits))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let service = box.value else { throw ChannelError.ioOnClosedChannel }
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            ProtocolDetector(tls, handshakeSeconds: limits.handshakeSeconds))
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionHandler(service: service))
                }
            }
    }

    /// Other users from now on, also for connections that are there. Where none were configured, this
    /// does nothing.
    package func reload(_ accounts: AccountList) {
        group.next().execute { self.service.value?.reload(accounts) }
    }

    /// Who stops at the mark goes on when the channel says that it can be written again, so a
    /// write of just that size has to cross the mark: it is crossed by more than `high`.
    private static func waterMark(
        _ limits: ServerLimits
    ) -> ChannelOptions.Types.WriteBufferWaterMark {
        let mark = max(1, limits.markBytes)
        return .init(low: mark / 4, high: mark - 1)
    }

    /// What the listener has, its connections get from the system: no call for each.
    private static func listening(
        _ bootstrap: ServerBootstrap, _ limits: ServerLimits
    ) -> ServerBootstrap {
        // Ten thousand that come at once wait here, or try again a second later, then three. The
        // system has a bound of its own (net.core.somaxconn).
        let common =
            bootstrap.serverChannelOption(.backlog, value: 4_096)
            .serverChannelOption(.maxMessagesPerRead, value: 32)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.socketOption(.so_keepalive), value: 1)
        #if canImport(Glibc)
            let seconds = max(4, limits.keepAliveSeconds)
            let options = [
                (TCP_KEEPIDLE, seconds), (TCP_KEEPINTVL, seconds / 4), (TCP_KEEPCNT, 4),
                // What the client has not taken waits here, where it is counted and where moves
                // are told newest only, and not by the megabyte in the system.
                (TCP_NOTSENT_LOWAT, limits.outputMarkBytes),
            ]
            return common.serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // A system that does not know one of them serves without it.
                    for (option, value) in options {
                        try? channel.syncOptions?.setOption(
                            .tcpOption(.init(rawValue: option)), value: value)
                    }
                }
            }
        #else
            return common
        #endif
    }

    /// Accepts nothing more, lets connections have the replies to what they sent, at most
    /// `stopSeconds`, calls `whenDrained` while the loop can still be asked, and ends the thread. Waits; not
    /// to be called from the loop. A second call does nothing.
    package func stop(whenDrained: () -> Void = {}) {
        guard isStopped.exchange(true, ordering: .relaxed) == false else { return }
        engine.cancel(alerts)
        try? listener.close().wait()
        let loop = group.next()
        let gone = loop.makePromise(of: Void.self)
        let deadline = loop.scheduleTask(in: .seconds(Int64(limits.stopSeconds))) {
            self.service.value?.closeAll()
        }
        loop.execute {
            guard let service = self.service.value else { return gone.succeed(()) }
            service.stop { gone.succeed(()) }
        }
        try? gone.futureResult.wait()
        deadline.cancel()
        whenDrained()
        loop.execute {
            self.mailbox.deliver(to: nil)
            self.service.value?.positions.stop()
            self.service.value?.gate.records?.close()
            self.service.value = nil
        }
        try? group.syncShutdownGracefully()
    }
}
