namespace Sss.Tests.Docs

open System
open System.IO

/// What README does, done once: other pages, and the example that serves a network, continue from it.
[<RequireQualifiedAccess>]
module Readme =

    let private made =
        lazy
            (let folder = Directory.CreateTempSubdirectory("sss-readme-").FullName
             Shell.prepare folder
             AppDomain.CurrentDomain.ProcessExit.Add(fun _ -> Directory.Delete(folder, true))
             folder, Pages.run folder (Pages.blocks "README.md"))

    /// What was wrong with it.
    let faults () = snd made.Value

    /// The folder in which README was followed: `runs/digits` and `digits.onnx` are there.
    let folder () = fst made.Value
