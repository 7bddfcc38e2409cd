import Synchronization
import TachoGeo
import TachoStore

/// The one thread that knows what was delivered to whom. All who ask while a sync is under way share the
/// next one: many acknowledgements of many connections cost one.
///
/// Nothing is answered before it is on the device, so what a consumer was told survives, and what was not
/// answered may be told again.
final class GroupThread: @unchecked Sendable {
    enum Item {
        case ask(GroupRequest, GroupReplyLimits, token: UInt64, GroupBook.Reply)
        case cancel(token: UInt64, answering: Bool)
        /// How far alerts were delivered to a target; nil: it is forgotten.
        case mark([UInt8], DeliveryMark?, GroupBook.Reply)
    }

    struct Context: Sendable {
        var fail: @Sendable (String) -> Void
        var failure: @Sendable () -> String?
        /// A fault for tests: rows are written without a sync.
        var skipsSync = false
    }

    struct Figures {
        var groups = 0
        var pending = 0
        var bytes = 0
        /// How often entries were looked for in the database.
        var lookUps = 0
    }

    private struct Inbox {
        var items: [Item] = []
        var hasNews = false
        /// Somebody waits for news, or will when what is in hand is done.
        var isExpectant = false
        var isClosed = false
        var isDiscarding = false
    }

    private let inbox = Monitor(Inbox())
    private let figuresNow: Mutex<Figures>
    /// Touched by the thread alone once it runs.
    private let book: GroupBook
    private let target: any RowWriting
    private let context: Context

    /// Requests that wait, at most; beyond, "try again".
    static let maxWaiting = 65_536
    /// Answers of one turn, about; then they go out before more are made.
    private static let turnBytes = 32 << 20
    private static let turnRows = 65_536

    init(book: GroupBook, target: any RowWriting, context: Context) {
        self.book = book
        self.target = target
        self.context = context
        figuresNow = Mutex(Self.figures(book))
    }

    var figures: Figures { figuresNow.withLock { $0 } }
    var lookUps: Int { figures.lookUps }

    private static func figures(_ book: GroupBook) -> Figures {
        Figures(
            groups: book.groupCount, pending: book.pendingCount, bytes: book.bytes,
            lookUps: book.source.lookUps)
    }

    /// Nil: it is taken. From any thread, never waits.
    func push(_ item: Item) -> GroupRefusal? {
        inbox.change { inbox in
            if inbox.isClosed { return (false, .stopped("the engine is closed")) }
            if case .ask = item, inbox.items.count >= Self.maxWaiting {
                let reason = "\(inbox.items.count) requests of consumer groups wait"
                return (false, .tryAgain(afterMs: 50, reason: reason))
            }
            if case .ask(.read(let read), _, _, _) = item, read.blockMs != nil {
                inbox.isExpectant = true
            }
            inbox.items.append(item)
            return (inbox.items.count == 1, nil)
        }
    }

    /// Something may be on a stream that was not. Wakes nobody where nobody waits for it.
    func news() {
        inbox.change { inbox in
            guard inbox.isExpectant else { return (false, ()) }
            defer { inbox.hasNews = true }
            return (!inbox.hasNews, ())
        }
    }

    /// Ends the thread; `discarding`: what waits is not done, as after a kill.
    func close(discarding: Bool) {
        inbox.change { inbox in
            inbox.isClosed = true
            inbox.isDiscarding = discarding
            return (true, ())
        }
    }

    /// Runs until closed and drained.
    func run() {
        while true {
            let (items, hasNews) = inbox.wait { inbox -> ([Item], Bool)? in
                if inbox.items.isEmpty && !inbox.hasNews {
                    return inbox.isClosed ? ([], false) : nil
                }
                defer {
                    inbox.items = []
                    inbox.hasNews = false
                }
                return (inbox.items, inbox.hasNews)
            }
            if items.isEmpty && !hasNews { break }
            for item in items {
                take(item)
                if book.answerBytes >= Self.turnBytes || book.rows.count >= Self.turnRows {
                    settle()
                }
            }
            if hasNews, !isStopped, !book.waiting.isEmpty {
                attempt { try book.serveNews() }
            }
            settle()
            // What came meanwhile may be a reader that is going to wait: it stays as it is then.
            inbox.with { inbox in
                if inbox.items.isEmpty { inbox.isExpectant = !book.waiting.isEmpty }
            }
        }
        book.dismissAll(.stopped("the engine is closed"))
        settle()
    }

    private var isStopped: Bool {
        context.failure() != nil || inbox.with { $0.isDiscarding }
    }

    private func take(_ item: Item) {
        switch item {
        case .cancel(let token, let answering): book.cancel(token, answering: answering)
        case .mark(let name, let mark, let reply):
            book.keep(mark, of: name)
            book.answer(reply, .ok)
        case .ask(let request, let limits, let token, let reply):
            if isStopped {
                let reason = context.failure() ?? "the engine is closed"
                return book.answer(reply, .refused(.stopped(reason)))
            }
            do {
                try book.take(request, limits, token, reply)
            } catch let refusal as GroupRefusal {
                book.answer(reply, .refused(refusal))
            } catch {
                context.fail("\(error)")
                book.answer(reply, .refused(.stopped("\(error)")))
            }
        }
    }

    private func attempt(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            context.fail("\(error)")
        }
    }

    /// Rows to the device, then the answers out.
    private func settle() {
        let (rows, mustSync, answers) = book.takeTurn()
        var refusal: GroupRefusal?
        if isStopped {
            if rows != nil { refusal = .stopped(context.failure() ?? "the engine is closed") }
        } else if let rows {
            do throws(StoreError) {
                try target.write(rows, sync: mustSync && !context.skipsSync)
            } catch {
                context.fail("consumer groups cannot be written: \(error)")
                refusal = .stopped("\(error)")
            }
        }
        figuresNow.withLock { $0 = Self.figures(book) }
        for (reply, answer) in answers { reply(refusal.map { .refused($0) } ?? answer) }
    }
}

extension GroupBook {
    func take(
        _ request: GroupRequest, _ limits: GroupReplyLimits, _ token: UInt64,
        _ reply: @escaping Reply
    ) throws {
        switch request {
        case .create(let place, let start, let makesStream, let entriesRead):
            answer(reply, try create(place, start, makesStream: makesStream, entriesRead))
        case .setID(let place, let start, let entriesRead):
            answer(reply, try setID(place, start, entriesRead))
        case .destroy(let place): answer(reply, try destroy(place))
        case .createConsumer(let place, let name):
            answer(reply, try createConsumer(place, name))
        case .deleteConsumer(let place, let name):
            answer(reply, try deleteConsumer(place, name))
        case .read(let read): try self.read(read, limits: limits, token: token, reply: reply)
        case .acknowledge(let place, let ids): answer(reply, acknowledge(place, ids))
        case .summary(let place): answer(reply, try summary(place))
        case .pending(let place, let query):
            answer(reply, try pending(place, query), bytes: min(query.count, self.limits.rows) * 64)
        case .claim(let place, let claim):
            answer(reply, try self.claim(place, claim), bytes: claim.ids.count * 1_024)
        case .autoClaim(let place, let claim):
            answer(
                reply, try autoClaim(place, claim, limits),
                bytes: min(claim.count * 1_024, limits.bytes))
        case .stream(let key): answer(reply, try stream(key), bytes: 4_096)
        case .streamInFull(let key, let count):
            answer(reply, try streamInFull(key, count: count, limits), bytes: limits.bytes)
        case .groups(let key): answer(reply, try groupsShown(key), bytes: 4_096)
        case .consumers(let place): answer(reply, try consumersShown(place), bytes: 4_096)
        }
    }
}
