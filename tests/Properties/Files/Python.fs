/// Debian's Python, for what its own tools say of our files.
module Sss.Tests.Files.Python

open System
open System.Diagnostics
open System.IO
open Xunit

/// The folder of the scripts.
let private scripts =
    Path.Combine(Sss.Tests.Repository.root, "tests", "EndToEnd", "python")

/// Debian's Python: the one that its packages install for.
let private python = "/usr/bin/python3"

/// Runs it: the exit code and everything printed.
let private run (arguments: string list) : int * string =
    let info = ProcessStartInfo(python, arguments)
    info.RedirectStandardOutput <- true
    info.RedirectStandardError <- true
    info.Environment["OMP_NUM_THREADS"] <- "1"

    use started = Process.Start info |> nonNull
    let errors = started.StandardError.ReadToEndAsync()
    let output = started.StandardOutput.ReadToEnd()
    started.WaitForExit()
    started.ExitCode, output + errors.Result

let private reasons = Collections.Concurrent.ConcurrentDictionary<string, string>()

/// Why a comparison with Python modules cannot be made here; empty where it can.
let lacks (modules: string) : string =
    reasons.GetOrAdd(
        modules,
        fun _ ->
            let present = File.Exists python && fst (run [ "-c"; $"import {modules}" ]) = 0
            if present then "" else $"{python} cannot import {modules}"
    )

/// Runs one of our scripts: the exit code and everything printed.
let script (name: string) (arguments: string list) : int * string =
    run (Path.Combine(scripts, name) :: arguments)

/// What onnx's own checker says of files.
let checkOnnx (files: string list) : int * string = script "check_onnx.py" files

/// A fact that is skipped, with the reason, where Python lacks a module.
type PythonFactAttribute(modules: string) =
    inherit FactAttribute()

    do
        if lacks modules <> "" then
            base.Skip <- lacks modules

/// A theory that is skipped, with the reason, where Python lacks a module.
type PythonTheoryAttribute(modules: string) =
    inherit TheoryAttribute()

    do
        if lacks modules <> "" then
            base.Skip <- lacks modules
