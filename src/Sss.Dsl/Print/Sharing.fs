namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// Which scopes of a network are written as calls of one definition.
module internal Sharing =

    /// What is known of a word that scopes are numbered by.
    type private Family = {
        /// The bodies' texts in order, each with one of the bodies.
        Bodies: ResizeArray<string * ScopeTree list>
        /// False: a name of this word is used for something else, or is out of order, so that a definition
        /// of the word would make it a forbidden label.
        mutable MayBeDefined: bool
    }

    type private Run = {
        Families: Dictionary<string, Family>
        Keys: PrintBody.Keys
        /// Every part of every name, and what numbered parts are numbered by.
        Taken: HashSet<string>
        /// Words in the order of their first body's end, so that inner ones come first.
        Order: ResizeArray<string>
    }

    let private family run word =
        match run.Families.TryGetValue word with
        | true, found -> found
        | _ ->
            let made = {
                Bodies = ResizeArray()
                MayBeDefined = true
            }

            run.Families[word] <- made
            made

    let private take run (name: string) =
        run.Taken.Add name |> ignore

        match AutomaticName.split name with
        | Some(word, _) ->
            run.Taken.Add word |> ignore
            Some word
        | None -> None

    /// A name that is not a scope's: its word may not become a definition.
    let private takeOther run name =
        match take run name with
        | Some word when not (Words.isReserved word) -> (family run word).MayBeDefined <- false
        | _ -> ()

    let rec private walk run (body: ScopeTree list) =
        let last = Dictionary<string, int>()

        for item in body do
            match item with
            | ScopeTree.Layer(name, _)
            | ScopeTree.Attention(name, _, _) -> takeOther run name
            | ScopeTree.Residual(name, _, branch, shortcut) ->
                takeOther run name
                walk run branch
                walk run shortcut
            | ScopeTree.Gate(name, inner)
            | ScopeTree.Output(name, inner) ->
                takeOther run name
                walk run inner
            | ScopeTree.Concat(name, _, _, branches) ->
                takeOther run name

                for _, inner in branches do
                    walk run inner
            | ScopeTree.Scope(name, inner) ->
                take run name |> ignore
                walk run inner

                match PrintBody.stem name with
                | None -> ()
                | Some(word, n) ->
                    let nothing: PrintBody.Run = {
                        Shared = PrintBody.Shared()
                        Keys = run.Keys
                    }

                    let key = Lines.text (PrintBody.lines nothing inner)
                    run.Keys[inner] <- key
                    let family = family run word

                    if family.Bodies.Count = 0 then
                        run.Order.Add word

                    family.Bodies.Add((key, inner))

                    match last.TryGetValue word with
                    | true, m when m >= n -> family.MayBeDefined <- false
                    | _ -> last[word] <- n

    /// A name for a further definition of a word.
    let private freeName run (word: string) =
        Seq.initInfinite (fun i ->
            if i < 25 then
                word + "_" + string (char (int 'b' + i))
            else
                word + "_b" + string (char (int 'a' + i % 26)) + "_" + string i + "_"
        )
        |> Seq.find (fun name -> not (Words.isReserved name) && run.Taken.Add name)

    /// The definitions of a network, each with one of its bodies, and the run to print all with.
    let choose (body: ScopeTree list) : (string * ScopeTree list) list * PrintBody.Run =
        let run = {
            Families = Dictionary()
            Keys = PrintBody.Keys HashIdentity.Reference
            Taken = HashSet()
            Order = ResizeArray()
        }

        walk run body
        let shared = PrintBody.Shared()

        let definitions = [
            for word in run.Order do
                let family = run.Families[word]

                if family.MayBeDefined then
                    let classes =
                        family.Bodies
                        |> Seq.groupBy fst
                        |> Seq.map (fun (key, bodies) ->
                            key, Seq.length bodies, snd (Seq.head bodies)
                        )
                        |> Seq.filter (fun (_, n, inner) -> n > 1 && not inner.IsEmpty)
                        |> Seq.sortByDescending (fun (_, n, _) -> n)
                        |> List.ofSeq

                    for i, (key, _, inner) in List.indexed classes do
                        let name = if i = 0 then word else freeName run word
                        shared[struct (word, key)] <- name
                        name, inner
        ]

        definitions, { Shared = shared; Keys = run.Keys }
