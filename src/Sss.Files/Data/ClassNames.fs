namespace Sss.Files

/// Class names of a network and those of a data set.
[<RequireQualifiedAccess>]
module ClassNames =

    /// Whether the names are only numbers from 0, like those of arrays.
    let private areNumbers (names: string list) =
        names |> List.indexed |> List.forall (fun (i, name) -> name = string i)

    /// For each class of a data set the class of the network that it is: by its name where the
    /// network knows all the names, in any order; by its number where either side has nothing
    /// but numbers. None: neither.
    let matching (network: string list) (data: string list) : int[] option =
        let places =
            network |> List.indexed |> List.map (fun (i, name) -> name, i) |> Map.ofList

        let found = data |> List.map (fun name -> Map.tryFind name places)

        if List.forall Option.isSome found then
            Some(found |> List.choose id |> Array.ofList)
        elif (areNumbers network || areNumbers data) && data.Length <= network.Length then
            Some [| 0 .. data.Length - 1 |]
        else
            None
