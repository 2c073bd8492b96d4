namespace Sss.Torch

open System
open Sss.Core

/// The trainer of a run; a cut puts a smaller one in its place. `team`: the ranks that it works with,
/// on batches of `batch` images in all.
[<Sealed>]
type internal Live(first: Trainer, team: Team option, batch: int) =
    let exchangeOf (trainer: Trainer) =
        team |> Option.map (fun team -> new Exchange(team, trainer.Model, batch))

    let macsOf (trainer: Trainer) =
        float (Cost.ofNetwork trainer.Model.Network).Macs

    let mutable trainer = first
    let mutable macs = macsOf first
    let mutable exchange = exchangeOf first

    let release () =
        exchange |> Option.iter (fun e -> (e :> IDisposable).Dispose())
        (trainer :> IDisposable).Dispose()

    /// The one at work.
    member _.Trainer = trainer

    /// What it exchanges with the other ranks; None: it works alone.
    member _.Exchange = exchange

    /// Multiply-adds of its network for one image.
    member _.Macs = macs

    /// Ends the one at work, and continues with another.
    member _.Replace(next: Trainer) =
        release ()
        trainer <- next
        macs <- macsOf next
        exchange <- exchangeOf next

    interface IDisposable with
        member _.Dispose() = release ()
