import Logging
import TachoAccess
import TachoServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@main
enum Tachod {
    private static let examples = """
        EXAMPLES
          tachod --data /var/lib/tacho
          tachod --data /tmp/try --resp 127.0.0.1:0 --reserve 0
          tachod --config /etc/tacho/tachod.conf
          tachod --config /etc/tacho/tachod.conf --check-config
          tachod --data /var/lib/tacho --hot-days 30 --require-copy /mnt/mirror/audit
          tachod --data /var/lib/tacho --acl /etc/tacho/users
          tachod --data /var/lib/tacho --alertmanager http://127.0.0.1:9093
          tachod --data /var/lib/tacho --accept-loss 120034-120571

        Then, from another terminal:
          redis-cli -p 7227 T.ADD rider-7 1767312000000 37.5665 126.9780 SPEED 4.2
          redis-cli -p 7227 T.GET rider-7 WITHAGE
          redis-cli -p 7227 XREAD BLOCK 0 STREAMS alerts '$'
          curl http://127.0.0.1:7228/metrics

        EXIT CODES
          0 clean stop, 1 error, 3 acknowledged data is missing, 64 usage, 73 cannot create
          the data directory, 74 a write or sync failed, 75 the directory is in use

        """

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let given = GivenSettings(arguments)
        switch given.settings.action {
        case .printHelp: print(OptionHelp.help(examples: examples))
        case .printVersion: print(ServerProgram.version)
        case .printSample: print(OptionHelp.sample, terminator: "")
        case .check: exit(check(given))
        case .serve: exit(serve(given, arguments))
        }
    }

    /// All that is wrong, a line each.
    private static func check(_ given: GivenSettings) -> Int32 {
        let problems = SettingsProblem.inOrder(
            given.problems + SettingsCheck.together(given)
                + SettingsCheck.surroundings(given, nowSeconds: time(nil)))
        for problem in problems { ServerProgram.complain(problem.message) }
        guard problems.isEmpty else { return ServerProgram.ExitCode.usage }
        let settings = given.settings
        let http = (try? settings.httpAddress())?.text ?? "off"
        print(
            "settings are good: \(given.entries.count) given, data \(settings.data), "
                + "resp \(settings.resp), http \(http), "
                + "\(settings.acl == nil ? "no users" : "users"), \(settings.tls == nil ? "no TLS" : "TLS")"
        )
        return ServerProgram.ExitCode.clean
    }

    private static func serve(_ given: GivenSettings, _ arguments: [String]) -> Int32 {
        // A supervisor does not try again after 64: all that only a person can mend must end with it.
        let problems = SettingsProblem.inOrder(
            given.problems + SettingsCheck.together(given)
                + SettingsCheck.files(given, nowSeconds: time(nil)))
        for problem in problems {
            let advice = problem.place == .commandLine ? "; see tachod --help" : ""
            ServerProgram.complain(problem.message + advice)
        }
        guard problems.isEmpty else { return ServerProgram.ExitCode.usage }
        let settings = given.settings
        let level = LogLevel(settings.logLevel)
        let logger = makeLogger(settings, level)
        do {
            var options = ServerProgramOptions(
                engine: settings.engine, resp: try settings.respAddress())
            options.http = try settings.httpAddress()
            options.limits = settings.limits
            options.tls = settings.tls
            options.alerts = try settings.alerts()
            options.reload = SettingsReload(arguments: arguments, given: given, level: level)
            if let path = settings.acl {
                let found = try AccessFile.load(path)
                for warning in found.warnings { logger.warning("\(warning)") }
                options.users = (path, found)
            }
            return ServerProgram.run(options, logger: logger)
        } catch let error as AccessFailure {
            ServerProgram.complain("--acl " + error.message + "; see tachod --help")
        } catch let error as ListenAddress.Failure {
            ServerProgram.complain(error.message + "; see tachod --help")
        } catch {
            ServerProgram.complain("\(error)")
        }
        return ServerProgram.ExitCode.usage
    }

    private static func makeLogger(_ settings: ServerSettings, _ level: LogLevel) -> Logger {
        let format = settings.logFormat
        LoggingSystem.bootstrap { label -> any LogHandler in
            switch format {
            case .json: level.handler(JSONLogHandler(label: label))
            case .text: level.handler(StreamLogHandler.standardError(label: label))
            }
        }
        return Logger(label: "tachod")
    }
}
