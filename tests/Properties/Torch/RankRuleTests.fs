namespace Sss.Tests.Torch

open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Torch

/// The rules of several ranks that need neither MPI nor training.
type RankRuleTests() =

    /// A ring of ranks over some ticks: who is in a call when, and who is gone when. Gives what each
    /// rank found, with the tick.
    let ring limit size ticks (inCall: int -> int -> bool) (isGone: int -> int -> bool) =
        let step (heartbeats: Heartbeat[], found) tick =
            let beats = heartbeats |> Array.map (Heartbeat.beat limit size)

            let next =
                heartbeats
                |> Array.mapi (fun rank heartbeat ->
                    let before = (rank + size - 1) % size
                    let heard = if isGone before tick then None else Some beats[before]
                    Heartbeat.tick heard (inCall rank tick) heartbeat
                )

            let losses = [
                for rank in 0 .. size - 1 do
                    if not (isGone rank tick) then
                        match Heartbeat.verdict limit size next[rank] with
                        | Some loss -> rank, tick, loss
                        | None -> ()
            ]

            next, found @ losses

        List.fold step (Array.create size Heartbeat.start, []) [ 1..ticks ] |> snd

    [<Property>]
    member _.``the rows of the ranks are the batch, in order, in parts that differ by one at most``
        (PositiveInt batch)
        (PositiveInt size)
        =
        let parts = [ for rank in 0 .. size - 1 -> Team.rows batch size rank ]

        let rows =
            parts
            |> List.collect (fun (struct (first, count)) -> [ first .. first + count - 1 ])

        let counts = parts |> List.map (fun (struct (_, count)) -> count)
        rows = [ 0 .. batch - 1 ] && List.max counts - List.min counts <= 1

    [<Theory>]
    [<InlineData("", 1, "")>]
    [<InlineData("OMPI_COMM_WORLD_SIZE=1", 1, "")>]
    [<InlineData("OMPI_COMM_WORLD_SIZE=4", 4, "mpirun")>]
    [<InlineData("OMPI_COMM_WORLD_SIZE=4,SLURM_STEP_NUM_TASKS=2", 4, "mpirun")>]
    [<InlineData("SLURM_STEP_NUM_TASKS=8,PMIX_RANK=0", 8, "srun")>]
    [<InlineData("SLURM_NTASKS=8", 1, "")>]
    [<InlineData("PMI_SIZE=2", 2, "a launcher of another MPI")>]
    [<InlineData("OMPI_COMM_WORLD_SIZE=two", 1, "")>]
    member _.``how it was started is read from the environment``(set: string, ranks, by) =
        let variables =
            set.Split(',', System.StringSplitOptions.RemoveEmptyEntries)
            |> Array.map (fun pair -> let parts = pair.Split '=' in parts[0], parts[1])
            |> Map.ofArray

        let expected = if ranks = 1 then Launch.Alone else Launch.Ranks(ranks, by)

        Assert.Equal(expected, Launch.ofVariables (fun name -> Map.tryFind name variables))

        for KeyValue(name, _) in variables do
            Assert.Equal(name <> "SLURM_NTASKS", Launch.isOfRanks name)

    [<Property(MaxTest = 50)>]
    member _.``one rank at work, however long, is no loss``(PositiveInt size, PositiveInt busy) =
        let size = 2 + size % 7
        let busy = busy % size
        ring 5 size 60 (fun rank _ -> rank <> busy) (fun _ _ -> false) = []

    [<Property(MaxTest = 50)>]
    member _.``a rank that is gone is missed by the next one, and at once by no other``
        (PositiveInt size, PositiveInt gone, PositiveInt since)
        =
        let size, since = 2 + size % 7, 1 + since % 20
        let gone = gone % size

        match ring 5 size 60 (fun _ _ -> false) (fun rank tick -> rank = gone && tick >= since) with
        | (rank, tick, RankLoss.Silence _) :: _ -> rank = (gone + 1) % size && tick = since + 4
        | _ -> false

    [<Property(MaxTest = 50)>]
    member _.``all in calls that do not end are a standstill, found in one round``
        (PositiveInt size, NonNegativeInt since)
        =
        let size, since = 2 + size % 7, since % 20

        match ring 5 size 60 (fun _ tick -> tick > since) (fun _ _ -> false) with
        | (_, tick, RankLoss.Standstill _) :: _ -> tick <= since + 5 + size
        | _ -> false

    [<Fact>]
    member _.``what does not fit is named with its rank``() =
        let rank n items = {
            Name = $"rank {n} on node{n}"
            Said = items
        }

        let items = [
            "program", "1.0.0, build aa"
            "network", "network A {\n  conv 8\n}"
            "data", "x"
        ]

        let other = [
            "program", "1.0.0, build bb"
            "network", "network A {\n  conv 9\n}"
            "data", "x"
        ]

        let misfits =
            RankAgreement.compare [
                rank 0 (Ok items)
                rank 1 (Ok items)
                rank 2 (Ok other)
                rank 3 (Error "there is no file `a.sss`")
            ]

        Assert.Equal(
            "rank 3 on node3 cannot start: there is no file `a.sss`\n\
             rank 2 on node2 was not started like rank 0:\n  \
             program: 1.0.0, build bb there, 1.0.0, build aa at rank 0\n  \
             network, line 2: conv 9 there, conv 8 at rank 0\n\
             All ranks need the same program, files and options.",
            PipelineError.message (Unlike misfits)
        )

        Assert.Empty(RankAgreement.compare [ rank 0 (Ok items); rank 1 (Ok items) ])

    [<Fact>]
    member _.``what keeps ranks from starting is said with the way out``() =
        let said = [
            NoMpi("libmpi.so.40", 2, "mpirun")
            OtherMpi("libmpi.so.40", "ompi_mpi_byte")
            OtherCount(4, "srun", 1)
        ]

        Assert.Equal<string list>(
            [
                "mpirun started 2 ranks, and libmpi.so.40 cannot be loaded: install Open MPI (Debian: \
                 openmpi-bin), or add its folder to LD_LIBRARY_PATH."
                "libmpi.so.40 is not Open MPI's: it has no symbol ompi_mpi_byte. Put the folder of \
                 Open MPI's first into LD_LIBRARY_PATH, and use its own mpirun."
                "srun started 4 ranks, but MPI knows of 1: each would train alone. Use Open MPI's \
                 own mpirun, or srun --mpi=pmix."
            ],
            List.map MpiError.message said
        )

    [<Fact>]
    member _.``a library without Open MPI's symbols, and none at all, get messages of their own``
        ()
        =
        Assert.Equal(
            Error(OtherMpi("libc.so.6", "ompi_mpi_comm_world")),
            MpiHandles.load "libc.so.6" 2 "mpirun"
        )

        Assert.Equal(
            Error(NoMpi("libnone.so.1", 2, "mpirun")),
            MpiHandles.load "libnone.so.1" 2 "mpirun"
        )
