namespace Sss.Torch

/// Threads of the runs of a study.
[<RequireQualifiedAccess>]
module StudyThreads =

    /// The threads of each of this many runs at a time: a share of the number that is given. None where none is and
    /// the runs come one after the other: each looks at the load when it begins, and one that is continued keeps its
    /// number. Runs side by side would see each other's work, so they share what is free when the study begins.
    /// `free`: the processors that others leave free.
    let each (given: int option) (jobs: int) (free: unit -> int) : int option =
        let share threads = Some(max 1 (threads / max 1 jobs))

        match given with
        | Some threads -> share threads
        | None when jobs <= 1 -> None
        | None -> share (free ())
