namespace Sss.Tests

open System
open System.IO

/// What every test project asks of the repository and of the disk.
module Repository =

    /// The folder of the repository: the nearest one above the tests that holds the solution.
    let root =
        let rec up (folder: DirectoryInfo | null) =
            match folder with
            | null -> failwith "the tests do not run inside the repository"
            | folder when File.Exists(Path.Combine(folder.FullName, "Sss.sln")) -> folder.FullName
            | folder -> up folder.Parent

        up (DirectoryInfo AppContext.BaseDirectory)

    /// Whether the soaks run too: `./test.sh --long`.
    let isLong = Environment.GetEnvironmentVariable "SSS_TESTS_LONG" = "1"

    /// An empty folder that goes with the test.
    type Folder() =
        let path = Directory.CreateTempSubdirectory("sss-test-").FullName

        member _.Path = path
        member _.File name = Path.Combine(path, name)

        interface IDisposable with
            member _.Dispose() = Directory.Delete(path, true)
