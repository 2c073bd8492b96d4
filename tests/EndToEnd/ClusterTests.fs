namespace Sss.Tests.EndToEnd

open System
open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// The files of `examples/cluster`, which no cluster runs here.
type ClusterTests() =

    let file name =
        Path.Combine(root, "examples", "cluster", name)

    /// The paths of a YAML file of maps, lists of maps and scalars, each with its scalar: what the
    /// manifest is made of. Items of a list are numbered.
    let paths (lines: string seq) : (string * string) list =
        let rec go (stack: (int * string) list) (counts: Map<string, int>) lines found =
            match lines with
            | [] -> List.rev found
            | (line: string) :: rest ->
                let indent = line.Length - line.TrimStart(' ').Length
                let stack = stack |> List.filter (fun (at, _) -> at < indent)
                let parent = stack |> List.map snd |> List.tryHead |> Option.defaultValue ""
                let text = line.Trim()

                if text.StartsWith "- " then
                    let n = Map.tryFind parent counts |> Option.defaultValue 0
                    let item = $"{parent}[{n}]"
                    let inner = String(' ', indent + 2) + text.Substring 2

                    go
                        ((indent, item) :: stack)
                        (Map.add parent (n + 1) counts)
                        (inner :: rest)
                        found
                else
                    match text.IndexOf ':' with
                    | -1 -> go stack counts rest ((parent, text) :: found)
                    | at ->
                        let path = $"{parent}.{text.Substring(0, at)}"
                        let value = text.Substring(at + 1).Trim().Trim '"'
                        go ((indent, path) :: stack) counts rest ((path, value) :: found)

        let isText (line: string) =
            line.Trim() <> "" && not (line.TrimStart().StartsWith '#')

        go [] Map.empty (lines |> Seq.filter isText |> List.ofSeq) []

    /// What the published schema of `kubeflow.org/v2beta1` asks of a job, and Kubernetes of a pod.
    [<Fact>]
    member _.``the MPIJob has what its schema requires``() =
        let lines = File.ReadAllLines(file "train-mpijob.yaml")
        Assert.DoesNotContain(lines, (fun line -> line.Contains '\t'))
        let found = paths lines
        let values = Map.ofList found

        Assert.Equal("kubeflow.org/v2beta1", values[".apiVersion"])
        Assert.Equal("MPIJob", values[".kind"])
        Assert.NotEqual<string>("", values[".metadata.name"])
        Assert.Contains(values[".spec.mpiImplementation"], [ "OpenMPI"; "Intel"; "MPICH" ])

        Assert.Equal<string list>(
            [ "Launcher"; "Worker" ],
            found
            |> List.choose (fun (path, value) ->
                match path.Split '.' with
                | [| ""; "spec"; "mpiReplicaSpecs"; name |] when value = "" -> Some name
                | _ -> None
            )
        )

        for role in [ "Launcher"; "Worker" ] do
            let at = $".spec.mpiReplicaSpecs.{role}"
            let pod = at + ".template.spec"
            Assert.True(int values[at + ".replicas"] > 0)

            for required in
                [
                    ".containers[0].name"
                    ".containers[0].image"
                    ".containers[0].command"
                    ".containers[0].volumeMounts[0].name"
                    ".containers[0].volumeMounts[0].mountPath"
                    ".volumes[0].persistentVolumeClaim.claimName"
                ] do
                Assert.NotEqual<string>("", values[pod + required])

            Assert.Equal(
                values[pod + ".volumes[0].name"],
                values[pod + ".containers[0].volumeMounts[0].name"]
            )

        // As many ranks as slots.
        let launcher = ".spec.mpiReplicaSpecs.Launcher.template.spec.containers[0].args"

        let words =
            found
            |> List.filter (fun (path, _) -> path.StartsWith launcher)
            |> List.map snd
            |> List.filter (fun word -> word <> "")
            |> List.map _.Trim('"')

        let ranks = words[List.findIndex (fun word -> word = "-n") words + 1]

        Assert.Equal(
            int ranks,
            int values[".spec.slotsPerWorker"]
            * int values[".spec.mpiReplicaSpecs.Worker.replicas"]
        )

        // What the launcher starts are words that `sss train` knows.
        let options =
            words |> List.filter (fun word -> word.StartsWith "--" && word <> "--bind-to")

        let help = (sss [ "train"; "--help" ]).Out

        for option in options do
            Assert.Contains(option, help)

    [<Fact>]
    member _.``the Slurm script is bash, and its words are known``() =
        if OperatingSystem.IsLinux() then
            expectCode 0 (start 30 [] "bash" [ "-n"; file "train.slurm" ])

        let text = File.ReadAllText(file "train.slurm")
        let command = text.Substring(text.IndexOf "./sss train \"")
        let help = (sss [ "train"; "--help" ]).Out

        for word in (command.Split('\n')[0]).Split ' ' do
            if word.StartsWith "--" then
                Assert.Contains(word, help)
