namespace Sss.Torch

open System
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Names of files that `sss export` wrote.
[<RequireQualifiedAccess>]
module internal ImportNames =

    /// Branches with the numbers that the names in them have; an empty one has the number after the one
    /// before.
    let private numbered (concat: string) (branches: Branch list) : Branch list =
        let prefix = concat + ".branch"

        let own (branch: Branch) =
            match branch.Body with
            | first :: _ when (Node.name first).StartsWith(prefix, StringComparison.Ordinal) ->
                let name = (Node.name first).Substring(concat.Length + 1).Split('.').[0]
                AutomaticName.split name |> Option.map snd
            | _ -> None

        (0, branches)
        ||> List.mapFold (fun before branch ->
            let number = own branch |> Option.defaultValue (before + 1)

            {
                branch with
                    Name = AutomaticName.create "branch" number
            },
            number
        )
        |> fst

    /// The network with the names of a file of ours.
    let private renamed (names: Map<string, string>) (network: Network) : Network =
        let nameOf (name: string) =
            match Map.tryFind name names with
            | Some ""
            | None -> name
            | Some other -> other

        let rec visit node =
            let inner = Node.withBodies (Node.bodies node |> List.map (List.map visit)) node

            match inner with
            | Node.Layer l -> Node.Layer { l with Name = nameOf l.Name }
            | Node.Residual r -> Node.Residual { r with Name = nameOf r.Name }
            | Node.Gate g -> Node.Gate { g with Name = nameOf g.Name }
            | Node.Output o -> Node.Output { o with Name = nameOf o.Name }
            | Node.Concat c ->
                let name = nameOf c.Name

                Node.Concat {
                    c with
                        Name = name
                        Branches = numbered name c.Branches
                }

        {
            network with
                Body = List.map visit network.Body
        }

    /// Whether a text can say the network's names.
    let private isSayable (network: Network) =
        match Language.parse (Language.print network) with
        | Ok parsed -> parsed.Network = network
        | Error _ -> false

    /// A network with the file's names, where it has good ones.
    let restored (imported: Imported) : Imported =
        if imported.Names.IsEmpty then
            imported
        else
            let network = renamed imported.Names imported.Network

            if isSayable network then
                let owner (name: string) =
                    Map.tryFind name imported.Names |> Option.defaultValue name

                {
                    imported with
                        Network = network
                        Weights =
                            imported.Weights
                            |> Map.toSeq
                            |> Seq.map (fun (key, t) -> { key with Owner = owner key.Owner }, t)
                            |> Map.ofSeq
                        Fresh =
                            imported.Fresh
                            |> Option.map (fun layer -> { layer with Name = owner layer.Name })
                }
            else
                imported
