namespace Sss.Core

/// The channels of all sides, one side after the other: `concat` and `split`.
[<RequireQualifiedAccess>]
module internal Chain =

    let private facts word : JoinFacts = {
        Word = word
        Coupling = JoinCoupling.InOrder
        Output =
            fun sides ->
                match sides |> List.map (fun s -> struct (s.Height, s.Width)) |> List.distinct with
                | [ struct (height, width) ] ->
                    Some {
                        Channels = sides |> List.sumBy _.Channels
                        Height = height
                        Width = width
                    }
                | _ -> None
        Constants = Array.concat
        Carries = fun _ -> Array.concat
        Needed =
            fun states needed ->
                let first = states |> Array.scan (fun first side -> first + side.Length) 0
                states |> Array.mapi (fun i side -> Array.sub needed first[i] side.Length)
    }

    let concat: JoinFacts = facts "concat"

    let split: JoinFacts = facts "split"
