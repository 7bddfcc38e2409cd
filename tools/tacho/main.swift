import TachoProgram

Program.run(Tacho.self)
