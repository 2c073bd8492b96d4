module Sss.Cli.Program

[<EntryPoint>]
let main _ = 0
