namespace Sss.Dsl

open System
open System.Globalization
open Sss.Core

/// Which layers share factors, for `sss check` and `sss show`.
module internal SharedLayers =

    /// Who declares them, how many they are, and the layers.
    let private all (network: Network) : (string * int * string list) list =
        let carriers = Network.carriers network

        [
            for owner, scale in Network.scales network do
                if scale.Kind = Shared then
                    owner, scale.Count, carriers[owner] |> List.map _.Name
        ]

    /// A line for each declaration.
    let lines (network: Network) : string list = [
        for owner, count, layers in all network do
            let names = String.Join(", ", layers)
            let number = count.ToString("#,0", CultureInfo.InvariantCulture)
            let factors = if count = 1 then "factor" else "factors"
            let are = if count = 1 then "is" else "are"
            $"{number} {factors} of {owner} {are} shared by {names}"
    ]

    /// The member of `sss show --json`, with the comma before it; nothing where no factors are shared.
    let json (network: Network) : string =
        let quoted name = $"\"{name}\""

        match all network with
        | [] -> ""
        | shared ->
            let items = [
                for owner, count, layers in shared do
                    let names = layers |> List.map quoted |> String.concat ","
                    $"{{\"owner\":{quoted owner},\"factors\":{count},\"layers\":[{names}]}}"
            ]

            ",\"shared\":[" + String.concat "," items + "]"
