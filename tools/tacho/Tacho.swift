import ArgumentParser
import TachoClient
import TachoProgram
import TachoTools

struct Tacho: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tacho",
        abstract: "Import, read and seal the tracks of a fleet.",
        discussion: """
            Every command but cell takes --data DIR or --server HOST:PORT. With --data, the directory is \
            opened for this command alone; if a tachod is running on it, the command is sent there.

            Examples:
              tacho import --data ./fleet rides.csv.gz
              tacho latest --data ./fleet t1 t2 --json
              tacho track --server 127.0.0.1:7227 t1 > t1.csv
              tacho trips --data ./fleet t1 --from T --to T
              tacho alerts --data ./fleet --json
              tacho risk --data ./fleet
              tacho who --data ./fleet --area CIRCLE,37.5665,126.978,100 --from T --to T
              tacho fence set kitchen --data ./fleet --area CIRCLE,37.5665,126.978,50
              tacho order get o-17 --history --data ./fleet
              tacho rules test --data ./fleet speed_car_mps=50
              tacho cell 37.5665 126.978 9

            Where the server has users: --user NAME --password-file FILE, or TACHO_USER and \
            TACHO_PASSWORD_FILE.

            Exit codes: 0 done, 1 error, 3 acknowledged data missing, 64 usage, 65 nothing valid \
            in the input, 69 server not reachable, 73 cannot create, 74 I/O error, 75 busy or in \
            use, try again, 130 stopped by Ctrl-C.
            """,
        version: Program.version,
        subcommands: [
            ImportCommand.self, LatestCommand.self, TrackCommand.self, AlertsCommand.self,
            ExplainCommand.self, RidersCommand.self, RiskCommand.self, RulesCommand.self,
            WhoCommand.self, FenceCommand.self, OrderCommand.self, DistanceCommand.self,
            TripsCommand.self, StopsCommand.self, AtCommand.self, SealCommand.self,
            RetireCommand.self, ReindexCommand.self, ScrubCommand.self, BackupCommand.self,
            RestoreCommand.self, StatsCommand.self, CellCommand.self, ACLCommand.self,
        ])
}

/// Where a command is carried out.
struct TargetOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data directory.", valueName: "dir"))
    var data: String?

    @Option(help: ArgumentHelp("A running tachod.", valueName: "host:port"))
    var server: String?

    @OptionGroup var login: LoginOptions

    func validate() throws {
        guard (data == nil) != (server == nil) else {
            throw ValidationError("name one of --data DIR and --server HOST:PORT")
        }
        guard data?.isEmpty != true else { throw ValidationError("--data needs a directory") }
        guard server.map({ ServerAddress($0) != nil }) ?? true else {
            throw ValidationError("--server needs HOST:PORT, as in 127.0.0.1:7227")
        }
    }

    var choice: TargetChoice {
        if let address = server.flatMap({ ServerAddress($0) }) { return .server(address) }
        return .data(data ?? ".")
    }

    /// Opens the target, runs `body` and closes the target. When both fail, the first failure is
    /// the one to tell. A reader who has gone away is no failure.
    func withTarget(creates: Bool = false, _ body: (any Target) throws -> Void) throws {
        let target = try choice.open(creates: creates, access: try login.access())
        do {
            try body(target)
        } catch {
            try? target.close()
            if error is OutputClosed { return }
            throw error
        }
        try target.close()
    }
}
