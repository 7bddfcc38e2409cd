import CTacho
package import Logging
import NIOCore
import NIOPosix
import Synchronization
package import TachoAccess
package import TachoEngine
import TachoGeo

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
    private let isStopped = Atomic(false)

    /// The shortest slice that Linux grants.
    private static let sliceNs: UInt64 = 100_000

    /// The address it really listens on, `HOST:PORT`.
    package let address: String

    private init(
        group: MultiThreadedEventLoopGroup, listener: any Channel, mailbox: LoopMailbox,
        service: NIOLoopBoundBox<RespService?>, engine: Engine, limits: ServerLimits
    ) {
        self.group = group
        self.listener = listener
        self.mailbox = mailbox
        self.service = service
        self.engine = engine
        self.limits = limits
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
        requestStop: (@Sendable () -> Void)? = nil
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
                    requestStop: requestStop)
                box.value = service
                mailbox.deliver(to: service)
            }.wait()
            let listener = try bootstrap(group, box, limits, tls).bind(to: address.socketAddress)
                .wait()
            try loop.submit { box.value?.port = listener.localAddress?.port ?? 0 }.wait()
            return RespServer(
                group: group, listener: listener, mailbox: mailbox, service: box, engine: engine,
                limits: limits)
        } catch {
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) }
            group.shutdownGracefully { _ in }
            if let failure = error as? AccessFailure { throw .records(failure.message) }
            throw .cannotBind(
                address: ListenAddress.text(address.socketAddress), reason: reason ?? "\(error)")
        }
    }

    private static func bootstrap(
        _ group: MultiThreadedEventLoopGroup, _ box: NIOLoopBoundBox<RespService?>,
        _ limits: ServerLimits, _ tls: TLSCredentials?
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 511)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A client may end its side and still wait for the commit of what it sent.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // Who stops at the soft bound goes on when the channel says that it can be written again, so
            // a write of just that size has to cross the mark: it is crossed by more than `high`.
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: limits.outputSoftBytes / 4, high: limits.outputSoftBytes - 1)
            )
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

    /// Accepts nothing more, lets connections have the replies to what they sent, at most
    /// `stopSeconds`, and ends the thread. Waits; not to be called from the loop. A second call
    /// does nothing.
    package func stop() {
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
        loop.execute {
            self.mailbox.deliver(to: nil)
            self.service.value?.positions.stop()
            self.service.value?.gate.records?.close()
            self.service.value = nil
        }
        try? group.syncShutdownGracefully()
    }
}
