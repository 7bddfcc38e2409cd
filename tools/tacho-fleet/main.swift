import TachoProgram

Program.run(FleetCommand.self)
