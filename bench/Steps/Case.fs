namespace Sss.Bench.Steps

open System.IO

/// A network that is raced.
type Case = {
    /// What the command line and the table call it.
    Name: string
    /// Its text, under the repository's folder.
    File: string
    /// Images a step.
    Batch: int
    Channels: int
    Side: int
    Classes: int
}

/// The networks of the table.
[<RequireQualifiedAccess>]
module Case =

    let private cifar name file batch = {
        Name = name
        File = file
        Batch = batch
        Channels = 3
        Side = 32
        Classes = 10
    }

    /// All of them, the quickest first.
    let all = [
        {
            cifar "resnet20-28" "examples/fashion-mnist/resnet20.sss" 128 with
                Channels = 1
                Side = 28
        }
        cifar "resnet20-32" "examples/zoo/resnet20-cifar.sss" 128
        cifar "vgg16-cifar" "examples/zoo/vgg16-cifar.sss" 64
        {
            cifar "resnet50" "examples/zoo/resnet50.sss" 8 with
                Side = 224
                Classes = 1000
        }
    ]

    /// The case of a name.
    let tryFind name =
        all |> List.tryFind (fun c -> c.Name = name)

    /// The folder of the repository: the nearest one above that holds the solution.
    let root =
        let rec up (folder: DirectoryInfo | null) =
            match folder with
            | null -> Directory.GetCurrentDirectory()
            | folder when File.Exists(Path.Combine(folder.FullName, "Sss.sln")) -> folder.FullName
            | folder -> up folder.Parent

        up (DirectoryInfo System.AppContext.BaseDirectory)

    /// Where a case's text is.
    let path (case: Case) = Path.Combine(root, case.File)
