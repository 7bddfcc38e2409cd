@testable import TachoAccess
import TachoWire
import Testing

/// The table of rules against the fixture, on values.
struct AccessMatrixTests {
    private let matrix: AccessMatrix

    init() throws { matrix = try AccessMatrix() }

    private func user(_ cell: AccessMatrix.Cell) -> AccessUser {
        AccessUser(
            name: "kim", roles: RoleSet(cell.role), prefixes: cell.scope.prefixes,
            login: .certificate)
    }

    /// What the table says, in the letters of the fixture.
    private func answer(
        _ table: AccessTable, _ cell: AccessMatrix.Cell, _ arguments: Arguments
    ) -> Character {
        let (user, check) = (user(cell), Authorisation(table))
        guard let name = CommandName.find(arguments[0]) else { return "?" }
        if check.refusal(user, name, arguments) != nil { return "-" }
        guard let command = try? Command.parse(name, arguments) else { return "e" }
        switch check.check(user, name, command, arguments) {
        case .allowed: return "+"
        case .refused(.command): return "-"
        case .refused(.rider): return "r"
        case .refused(.whole): return "w"
        case .refused(.speaker): return "s"
        }
    }

    private func differences(
        _ table: AccessTable, of command: CommandName? = nil
    ) throws -> [String] {
        var found: [String] = []
        for line in matrix.lines where command == nil || line.words[0] == command?.rawValue {
            for cell in line.cells {
                let given = try withArguments(line.request(cell.scope, user: "kim")) {
                    answer(table, cell, $0)
                }
                if given != cell.expected {
                    found.append(
                        "\(line.words.joined(separator: " ")), \(cell.role) \(cell.scope):"
                            + " \(given), \(cell.expected) expected")
                }
            }
        }
        return found
    }

    @Test func `the table says what the fixture says`() throws {
        #expect(try differences(.standard) == [])
        #expect(matrix.lines.count > 100)
    }

    @Test func `every command has a rule and lines in the fixture for each role`() {
        let named = Set(matrix.lines.map { $0.words[0] })
        for command in CommandName.allCases {
            #expect(!AccessTable.standard.rules(of: command).isEmpty, "\(command.rawValue)")
            #expect(named.contains(command.rawValue), "\(command.rawValue) is not in the fixture")
        }
        for rule in AccessTable.standard.rules {
            let hasLine = matrix.lines.contains {
                $0.words[0] == rule.command.rawValue
                    && (rule.subcommand == nil
                        || $0.words.count > 1 && $0.words[1] == rule.subcommand)
            }
            #expect(hasLine, "\(rule.name) is not in the fixture")
        }
        for line in matrix.lines {
            #expect(line.cells.count == 13, "\(line.words)")
        }
    }

    @Test func `whichever rule is taken out or loosened, a line of the fixture fails`() throws {
        let rules = AccessTable.standard.rules
        for (index, rule) in rules.enumerated() {
            var mutants: [(String, [AccessRule])] = []
            var without = rules
            without.remove(at: index)
            mutants.append(("taken out", without))
            if rule.roles != .anybody {
                var open = rules
                open[index].roles = .anybody
                mutants.append(("open to anybody", open))
            }
            for role in Role.allCases
            where role != .admin && rule.roles.contains(RoleSet(role)) {
                var closed = rules
                closed[index].roles.subtract(RoleSet(role))
                mutants.append(("closed to \(role)", closed))
            }
            // Of commands that list riders the filter is the server's; nothing here can tell.
            if rule.riders != .none, rule.riders != .filtered, rule.roles != .admin {
                var blind = rules
                blind[index].riders = .none
                mutants.append(("blind to riders", blind))
            }
            for (name, mutant) in mutants {
                #expect(
                    try !differences(AccessTable(mutant), of: rule.command).isEmpty,
                    "\(rule.name) \(name), and no line notices")
            }
        }
    }

    @Test func `what needs no second look is allowed, whatever the request`() throws {
        for line in matrix.lines {
            for cell in line.cells where cell.expected != "e" {
                let user = user(cell)
                try withArguments(line.request(cell.scope, user: "kim")) { arguments in
                    let name = try #require(CommandName.find(arguments[0]))
                    guard user.free.contains(name) else { return }
                    let command = try Command.parse(name, arguments)
                    let answer = Authorisation.standard.check(user, name, command, arguments)
                    guard case .allowed(isRecorded: false, _) = answer else {
                        Issue.record("\(line.words) is free for \(cell.role), and \(answer)")
                        return
                    }
                }
            }
        }
    }

    @Test func `ordinals are places in the list of commands`() {
        for (index, command) in CommandName.allCases.enumerated() {
            #expect(command.ordinal == index)
            #expect(CommandSet.all.contains(command))
            #expect(!CommandSet().contains(command))
            #expect(CommandSet([command]).contains(command))
        }
    }
}
