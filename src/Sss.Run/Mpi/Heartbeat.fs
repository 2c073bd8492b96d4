namespace Sss.Torch

/// What a rank knows about the others. Ranks form a ring; once per tick each tells the next one that
/// it is alive, regardless of its work, and how many ranks in a row up to itself have waited long in a
/// collective call. So a lost rank is noticed by the next one, and a call that will never end by all
/// of them; a rank that evaluates or writes for an hour is neither.
type Heartbeat = {
    /// Ticks since the rank before this one was heard.
    Silent: int
    /// Ranks in a row that have waited long, up to the rank before this one.
    Before: int
    /// Ticks that this rank has been in the same collective call; 0: it is at work.
    Waiting: int
}

/// Why a job cannot continue.
[<RequireQualifiedAccess>]
type RankLoss =
    /// The rank before this one has been silent for this many ticks.
    | Silence of ticks: int
    /// All ranks have been in a collective call for this many ticks, at least.
    | Standstill of ticks: int

/// The rules of the ring, without clocks and messages.
[<RequireQualifiedAccess>]
module Heartbeat =

    /// At the start.
    let start = { Silent = 0; Before = 0; Waiting = 0 }

    /// What this rank tells the next one: how many in a row have waited for `limit` ticks, itself
    /// included; 0 when it has not.
    let beat (limit: int) (size: int) (heartbeat: Heartbeat) : int =
        if heartbeat.Waiting >= limit then
            min size (heartbeat.Before + 1)
        else
            0

    /// After one more tick. `heard`: the newest that the rank before this one sent in it. `inCall`:
    /// whether this rank is in the collective call that it was in at the last tick.
    let tick (heard: int option) (inCall: bool) (heartbeat: Heartbeat) : Heartbeat = {
        Silent = if heard.IsSome then 0 else heartbeat.Silent + 1
        Before = Option.defaultValue heartbeat.Before heard
        Waiting = if inCall then heartbeat.Waiting + 1 else 0
    }

    /// Whether the job is lost.
    let verdict (limit: int) (size: int) (heartbeat: Heartbeat) : RankLoss option =
        if heartbeat.Silent >= limit then
            Some(RankLoss.Silence heartbeat.Silent)
        elif beat limit size heartbeat >= size then
            Some(RankLoss.Standstill heartbeat.Waiting)
        else
            None
