namespace Sss.Tests.EndToEnd

open System
open System.IO
open System.Text.RegularExpressions
open Xunit
open Sss.Tests.EndToEnd.Running

/// Neovim, as it is installed.
module Neovim =

    /// Its path, where it is on the PATH.
    let program =
        (Environment.GetEnvironmentVariable "PATH" |> string).Split Path.PathSeparator
        |> Seq.map (fun folder -> Path.Combine(folder, "nvim"))
        |> Seq.tryFind File.Exists

    /// The lines of docs/editors.md for init.lua: the first block is for 0.11 and later, the second
    /// for older versions.
    let settings (version: Version) =
        let page = File.ReadAllText(Path.Combine(root, "docs", "editors.md"))

        let part =
            Regex.Match(
                page,
                @"^## Neovim\n(.*?)^## ",
                RegexOptions.Multiline ||| RegexOptions.Singleline
            )

        let blocks =
            Regex.Matches(part.Groups[1].Value, @"```lua\n(.*?)```", RegexOptions.Singleline)

        Assert.Equal(2, blocks.Count)
        blocks[if version >= Version(0, 11) then 0 else 1].Groups[1].Value

/// A fact that needs Neovim with its client of the protocol.
type NeedsNeovim() as fact =
    inherit FactAttribute()

    do
        if Neovim.program.IsNone then
            fact.Skip <- "Neovim is not there: Debian's package neovim has it"

/// `sss lsp` in an editor that others wrote.
type NeovimTests() =

    let wrong =
        "network Net {
  input 1x28x28
  classes 10

  // Grüße 😀
  def basic(width, stride = 1) {
    residual @scale(block) {
      conv width 3x3 stride=stride;   bn @scale(neuron); relu
      conv width 3x3; bn
    } shortcut auto
    relu
  }

  conv 16 3x3; bn; relu
    basic 16
  😀; cnov 16 3x3; relu
  basic 32 stride=2
  avgpool global
  dense classes
}
"

    let right = wrong.Replace("😀; cnov", "conv")

    [<NeedsNeovim>]
    member _.``Neovim underlines, hovers, renames, formats and completes with the lines of the page``
        ()
        =
        use folder = new Folder()
        let nvim = Option.get Neovim.program
        let words = (firstLine (start 20 [] nvim [ "--version" ]).Out)
        let version = Version(Regex.Match(words, @"\d+\.\d+(\.\d+)?").Value)

        let file, init, seen =
            folder.File "net.sss", folder.File "init.lua", folder.File "seen.json"

        File.WriteAllText(file, wrong)
        File.WriteAllText(init, Neovim.settings version)

        // `sss` on the PATH, as the page supposes it.
        let sss = folder.File "sss"
        File.WriteAllText(sss, $"#!/bin/sh\nexec dotnet '{program}' \"$@\"\n")
        File.SetUnixFileMode(sss, UnixFileMode.UserRead ||| UnixFileMode.UserExecute)

        let environment = [
            "PATH", folder.Path + ":" + Environment.GetEnvironmentVariable "PATH"
            "SSS_SEEN", seen
            for name in [ "XDG_CONFIG_HOME"; "XDG_DATA_HOME"; "XDG_STATE_HOME"; "XDG_CACHE_HOME" ] do
                name, folder.File "nvim"
        ]

        let drive = Path.Combine(root, "tests", "EndToEnd", "neovim", "drive.lua")

        let ended =
            start 120 environment nvim [
                "--headless"
                "--clean"
                "-u"
                init
                file
                "-c"
                "luafile " + drive
            ]

        Assert.True(File.Exists seen, ended.Out + ended.Err)
        let seen = jsonFile seen

        let words (name: string) =
            string (seen.GetProperty(name).GetString())

        let list (name: string) = [
            for word in seen.GetProperty(name).EnumerateArray() -> string (word.GetString())
        ]

        Assert.Equal("", words "failure")
        Assert.Equal<string list>([ "16: cnov"; "16: 😀" ], list "underlined" |> List.sort)

        Assert.Contains(
            "there is no layer or definition `cnov`\nhelp: did you mean `conv`?",
            list "messages"
        )

        Assert.Contains("`conv1`: 1x28x28 → 16x28x28", words "hover")
        Assert.Contains("112,896 macs, ", words "hover")
        let renamed = right.Replace("basic", "stage")
        Assert.Equal(renamed, words "renamed")

        Assert.Equal(
            renamed.Replace(";   bn", "; bn").Replace("    stage", "  stage"),
            words "formatted"
        )

        Assert.Contains("conv", list "completed")
        Assert.Contains("stage", list "completed")
