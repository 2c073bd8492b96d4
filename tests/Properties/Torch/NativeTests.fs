/// The loader and the patched copy.
module Sss.Tests.Torch.NativeTests

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Threading.Tasks
open Xunit
open FsCheck.Xunit
open Sss.Torch

let private binding =
    Locate.bindingFolders
    |> Locate.first "libLibTorchSharp.so"
    |> Option.map (fun folder -> Path.Combine(folder, "libLibTorchSharp.so"))

let private withFolder (work: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("sss-test-").FullName

    try
        work folder
    finally
        Directory.Delete(folder, true)

[<Fact>]
let ``mending changes one flag, and once`` () =
    match binding with
    | None -> () // Not a Linux package: there is nothing to mend.
    | Some file ->
        let original = File.ReadAllBytes file

        match Elf.weaken "GLIBCXX_3.4.32" original with
        | Ok(Some mended) ->
            let changed =
                Seq.zip original mended |> Seq.filter (fun (a, b) -> a <> b) |> List.ofSeq

            Assert.Equal<(byte * byte) list>([ 0uy, 2uy ], changed)
            Assert.Equal(Ok None, Elf.weaken "GLIBCXX_3.4.32" mended)
        | other -> Assert.Fail $"%A{other}"

        Assert.Equal(Ok None, Elf.weaken "GLIBCXX_99" original)

[<Property(MaxTest = 60)>]
let ``a damaged library is an error or is left alone, never a crash``
    (cut: uint32)
    (at: uint32)
    (value: byte)
    =
    match binding with
    | None -> ()
    | Some file ->
        let content = File.ReadAllBytes file
        // Section headers stand at the end, the ELF header at the start: most damage hits either.
        let damaged = Array.sub content 0 (content.Length - int (cut % 3000u))
        damaged[int at % min 64 damaged.Length] <- value
        Elf.weaken "GLIBCXX_3.4.32" damaged |> ignore

[<Fact>]
let ``bytes that are no library are refused`` () =
    Assert.True(Result.isError (Elf.weaken "X" [||]))
    Assert.True(Result.isError (Elf.weaken "X" (Array.zeroCreate 1000)))

[<Fact>]
let ``a mended copy is kept once and a doctored one is replaced`` () =
    withFolder (fun cache ->
        let content = Array.init 5000 byte
        let file = Engine.ok (PatchedBinding.keep cache "lib.so" content)
        let written = File.GetLastWriteTimeUtc file
        Assert.Equal<byte[]>(content, File.ReadAllBytes file)
        Assert.Equal(file, Engine.ok (PatchedBinding.keep cache "lib.so" content))
        Assert.Equal(written, File.GetLastWriteTimeUtc file)

        for doctored in [ content[..99]; Array.rev content ] do
            File.WriteAllBytes(file, doctored)
            Assert.Equal(file, Engine.ok (PatchedBinding.keep cache "lib.so" content))
            Assert.Equal<byte[]>(content, File.ReadAllBytes file)

        Assert.Equal(1, Directory.GetFiles(Path.GetDirectoryName file |> string).Length)
    )

[<Fact>]
let ``many at once keep one whole copy`` () =
    withFolder (fun cache ->
        let content = Array.init 200_000 byte

        let work () =
            File.ReadAllBytes(Engine.ok (PatchedBinding.keep cache "lib.so" content))

        let all = Array.init 8 (fun _ -> Task.Run work) |> Task.WhenAll
        Assert.All(all.Result, fun found -> Assert.Equal<byte[]>(content, found))
    )

[<Fact>]
let ``a cache that cannot be written is passed over`` () =
    withFolder (fun folder ->
        // A file where the cache folder should be.
        let blocked = Path.Combine(folder, "cache")
        File.WriteAllText(blocked, "")
        let file = Engine.ok (PatchedBinding.keep blocked "lib.so" [| 1uy; 2uy |])
        Assert.DoesNotContain(blocked, file)
        Assert.Equal<byte[]>([| 1uy; 2uy |], File.ReadAllBytes file)
        Directory.Delete(Path.GetDirectoryName file |> string, true)
    )

[<Fact>]
let ``errors name what was looked for and the way out`` () =
    let text =
        LibTorchError.message (LibTorchNotFound("libtorch-cpu-linux-x64@2.10.0", [ "/a"; "/b" ]))

    Assert.Contains(
        "dotnet package download libtorch-cpu-linux-x64@2.10.0 --output ~/.nuget/packages",
        text
    )

    Assert.Contains("SSS_LIBTORCH", text)
    Assert.Contains("\n  /a\n  /b", text)

/// A fact that makes libraries with a C compiler.
type NeedsCompiler() as fact =
    inherit FactAttribute()

    do
        if not (OperatingSystem.IsLinux() && File.Exists "/usr/bin/cc") then
            fact.Skip <- "there is no C compiler, /usr/bin/cc"

let private library (folder: string) (name: string) (source: string) (options: string list) =
    let code = Path.Combine(folder, name + ".c")
    File.WriteAllText(code, source)
    let file = Path.Combine(folder, $"lib{name}.so")
    let words = [ "-shared"; "-fPIC"; "-o"; file; code; "-Wl,-rpath,$ORIGIN" ] @ options
    use compiler = Process.Start("/usr/bin/cc", words)
    compiler.WaitForExit()
    Assert.Equal(0, compiler.ExitCode)
    file

let private said (result: Result<unit, LibTorchError>) =
    match result with
    | Ok() -> ""
    | Error e -> LibTorchError.message e

[<NeedsCompiler>]
let ``a library that takes a symbol from one it does not name loads with the one that needs both``
    ()
    =
    withFolder (fun folder ->
        let make = library folder
        let named = [ "-Wl,--no-as-needed"; $"-L{folder}"; "-lneighbour"; "-lhelper" ]
        let neighbour = make "neighbour" "int neighbour = 1;" []

        let helper =
            make "helper" "extern int neighbour; int *helper(void) { return &neighbour; }" []

        let own =
            make "torch_cuda" "extern int *helper(void); int *f(void) { return helper(); }" named

        // By itself it does not load, which is what makes this a test.
        Assert.False(fst (NativeLibrary.TryLoad helper))
        Assert.Equal("", Libraries.loadFiles [ helper; neighbour; own ] |> said)
    )

[<NeedsCompiler>]
let ``a library of LibTorch's own that does not load is an error that names what is missing`` () =
    withFolder (fun folder ->
        let gone = library folder "gone" "int gone = 1;" []

        let own =
            library folder "torch_cpu" "extern int gone; int *f(void) { return &gone; }" [
                $"-L{folder}"
                "-lgone"
            ]

        File.Delete gone

        match Libraries.loadFiles [ own ] with
        | Error(CannotLoadLibrary(file, reason)) ->
            Assert.Equal(own, file)
            Assert.Contains("libgone.so", reason)
        | other -> Assert.Fail $"%A{other}"
    )
