namespace Sss.Dsl

open System
open System.Globalization
open System.Text
open Sss.Core

/// The result of a command: its standard output, its standard error, and the exit code.
type Outcome = {
    Output: string
    Errors: string
    ExitCode: int
}

/// `sss check`, `sss show` and `sss fmt`, but for reading arguments and writing to the console.
/// Nothing here touches LibTorch.
[<RequireQualifiedAccess>]
module Show =

    /// 1234567 as `1,234,567`.
    let internal grouped (n: int64) =
        n.ToString("#,0", CultureInfo.InvariantCulture)

    /// A part of a network in the order of the text, as a table's row.
    type private Row = {
        Name: string
        Kind: string
        Output: Shape
        Cost: Cost
    }

    let private rows (network: Network) : Row list =
        Network.nodes network
        |> Seq.choose (
            function
            | Node.Layer layer ->
                Some {
                    Name = layer.Name
                    Kind = Op.word layer.Op
                    Output = layer.Output
                    Cost = Cost.ofLayer layer
                }
            // Joins cost nothing, but a block's factor has to be seen.
            | Node.Residual r ->
                Some {
                    Name = r.Name
                    Kind = "residual"
                    Output = r.Output
                    Cost = {
                        Cost.zero with
                            Factors =
                                r.Scale
                                |> Option.map (fun s -> int64 s.Count)
                                |> Option.defaultValue 0L
                    }
                }
            | Node.Gate _
            | Node.Concat _
            | Node.Output _ -> None
        )
        |> List.ofSeq

    /// The table of `sss show`.
    let table (network: Network) : string =
        let total = Cost.ofNetwork network

        let line name kind output (cost: Cost) = [|
            name
            kind
            output
            grouped cost.Params
            grouped cost.Macs
            (if cost.Factors = 0L then "" else grouped cost.Factors)
        |]

        let cells = [
            [| "name"; "kind"; "output"; "params"; "macs"; "factors" |]
            for row in rows network do
                line row.Name row.Kind (row.Output.ToString()) row.Cost
            line "total" "" "" total
        ]

        let widths =
            [| 0..5 |]
            |> Array.map (fun i -> cells |> Seq.map (fun c -> c[i].Length) |> Seq.max)

        let out = StringBuilder()

        out
            .Append(network.Name)
            .Append(": input ")
            .Append(network.Input.ToString())
            .Append(", ")
            .Append(network.Classes)
            .Append(
                match network.OutputKind with
                | OutputKind.Classes -> " classes"
                | OutputKind.Numbers -> " outputs"
            )
            .Append(
                match Network.outputs network with
                | [] -> ""
                | further ->
                    let each = further |> List.map (fun (name, shape) -> name + " " + string shape)
                    "; further outputs " + String.concat ", " each
            )
            .Append("\n\n")
        |> ignore

        for row in cells do
            let text =
                row
                |> Array.mapi (fun i cell ->
                    if i < 3 then
                        cell.PadRight widths[i]
                    else
                        cell.PadLeft widths[i]
                )
                |> String.concat "  "

            out.Append(text.TrimEnd()).Append('\n') |> ignore

        match SharedLayers.lines network with
        | [] -> ()
        | lines ->
            let text = lines |> List.map (fun line -> line + "\n") |> String.concat ""
            out.Append('\n').Append(text) |> ignore

        out.ToString()

    /// The object of `sss show --json`, in one line. Names hold letters, digits, `_` and `.` only,
    /// so nothing needs to be escaped.
    let json (network: Network) : string =
        let out = StringBuilder()

        let add (text: string) (value: string) =
            out.Append(text).Append(value) |> ignore

        let shape (s: Shape) =
            add "[" (string s.Channels)
            add "," (string s.Height)
            add "," (string s.Width)
            add "]" ""

        let cost (c: Cost) =
            add "\"params\":" (string c.Params)
            add ",\"macs\":" (string c.Macs)
            add ",\"factors\":" (string c.Factors)

        add "{\"name\":\"" network.Name
        add "\",\"input\":" ""
        shape network.Input

        match network.OutputKind with
        | OutputKind.Classes -> add ",\"classes\":" (string network.Classes)
        | OutputKind.Numbers -> add ",\"outputs\":" (string network.Classes)

        match Network.outputs network with
        | [] -> ()
        | further ->
            add ",\"further\":{" ""

            further
            |> List.iteri (fun i (name, extents) ->
                add (if i > 0 then ",\"" else "\"") name
                add "\":" ""
                shape extents
            )

            add "}" ""

        add "," ""
        cost (Cost.ofNetwork network)
        add ",\"layers\":[" ""

        rows network
        |> List.iteri (fun i row ->
            add (if i > 0 then ",{\"name\":\"" else "{\"name\":\"") row.Name
            add "\",\"kind\":\"" row.Kind
            add "\",\"output\":" ""
            shape row.Output
            add "," ""
            cost row.Cost
            add "}" ""
        )

        add "]" ""

        add (SharedLayers.json network) ""
        add "}\n" ""
        out.ToString()

    let private renderAll path text (diagnostics: Diagnostic list) =
        diagnostics |> List.map (Render.diagnostic path text) |> String.concat ""

    let private merge (outcomes: Outcome list) : Outcome = {
        Output = outcomes |> List.map (fun o -> o.Output) |> String.concat ""
        Errors = outcomes |> List.map (fun o -> o.Errors) |> String.concat ""
        ExitCode = outcomes |> List.fold (fun worst o -> max worst o.ExitCode) 0
    }

    let private failed errors = {
        Output = ""
        Errors = errors
        ExitCode = 1
    }

    /// Reads and parses a file, and continues with what it holds.
    let private withFile path (next: string -> Parsed -> string -> Outcome) : Outcome =
        match ReadFile.read path with
        | Error diagnostic -> failed (Render.diagnostic path "" diagnostic)
        | Ok text ->
            match Language.parse text with
            | Error diagnostics -> failed (renderAll path text diagnostics)
            | Ok parsed -> next text parsed (renderAll path text parsed.Warnings)

    /// `sss check FILE…`: 0 when all are right (warnings are shown), 1 otherwise.
    let check (paths: string list) : Outcome =
        paths
        |> List.map (fun path ->
            withFile
                path
                (fun _ parsed warnings ->
                    let cost = Cost.ofNetwork parsed.Network

                    {
                        Output =
                            Escape.line path
                            + ": "
                            + parsed.Network.Name
                            + ", "
                            + grouped cost.Params
                            + " params, "
                            + grouped cost.Macs
                            + " macs, "
                            + grouped cost.Factors
                            + " factors\n"
                            + (SharedLayers.lines parsed.Network
                               |> List.map (fun line -> $"  {line}\n")
                               |> String.concat "")
                        Errors = warnings
                        ExitCode = 0
                    }
                )
        )
        |> merge

    /// `sss show FILE [--json]`.
    let show (path: string) (asJson: bool) : Outcome =
        withFile
            path
            (fun _ parsed warnings -> {
                Output = if asJson then json parsed.Network else table parsed.Network
                Errors = warnings
                ExitCode = 0
            })

    /// `sss show FILE --svg FILE`: writes something that is made of the network, each with the path where
    /// it goes. `write path text` replaces a file, whole or not at all, or says why not.
    let draw
        (write: string -> string -> Result<unit, string>)
        (path: string)
        (pictures: (string * (Network -> string)) list)
        : Outcome =
        withFile
            path
            (fun _ parsed warnings ->
                pictures
                |> List.map (fun (target, make) ->
                    match write target (make parsed.Network) with
                    | Ok() -> {
                        Output = Escape.line target + ": written\n"
                        Errors = ""
                        ExitCode = 0
                      }
                    | Error reason ->
                        failed (Render.diagnostic target "" (ReadFile.cannotWrite target reason))
                )
                |> List.append [
                    {
                        Output = ""
                        Errors = warnings
                        ExitCode = 0
                    }
                ]
                |> merge
            )

    /// `sss fmt FILE… [--check]`: writes files whose format differs, or with `checkOnly` only names
    /// them and gives 1. `write path text` replaces a file, whole or not at all, or says why not.
    let fmt
        (write: string -> string -> Result<unit, string>)
        (paths: string list)
        (checkOnly: bool)
        : Outcome =
        let quiet code output = {
            Output = output
            Errors = ""
            ExitCode = code
        }

        let one path =
            match ReadFile.read path with
            | Error diagnostic -> failed (Render.diagnostic path "" diagnostic)
            | Ok text ->
                match Format.format text with
                | Error diagnostics -> failed (renderAll path text diagnostics)
                | Ok formatted when formatted = text -> quiet 0 ""
                | Ok _ when checkOnly -> quiet 1 (Escape.line path + ": would be formatted\n")
                | Ok formatted ->
                    match write path formatted with
                    | Ok() -> quiet 0 (Escape.line path + ": formatted\n")
                    | Error reason ->
                        failed (Render.diagnostic path "" (ReadFile.cannotWrite path reason))

        paths |> List.map one |> merge
