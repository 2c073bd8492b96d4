namespace Sss.Tests.Lsp

open System.Text.Json
open Xunit
open Sss.Tests.Lsp.Messages

/// The life of a server, and messages that are late, cancelled or wrong.
type ProtocolTests() =

    let code (answer: JsonElement) =
        answer.GetProperty("error").GetProperty("code").GetInt32()

    let small = "network N {\n  input 1x4x4\n  classes 4\n  flatten; dense 4\n}\n"

    [<Fact>]
    member _.``shutdown and exit end the server with 0``() =
        use client = opened small
        Assert.Equal(JsonValueKind.Null, client.Ask("shutdown", json "{}").ValueKind)
        Assert.Equal(-32600, code (client.Answer("textDocument/hover", at (0, 0))))
        client.Notify("exit", json "{}")
        Assert.Equal(0, client.Ended())

    [<Fact>]
    member _.``exit without shutdown, and the end of the stream, are 1``() =
        use client = opened small
        client.Notify("exit", json "{}")
        Assert.Equal(1, client.Ended())
        use client = opened small
        Assert.Equal(1, client.Close())

    [<Fact>]
    member _.``requests before initialize are refused, and a second initialize``() =
        use client = new Client(options)
        Assert.Equal(-32002, code (client.Answer("textDocument/hover", at (0, 0))))
        Assert.True(client.Ask("initialize", json "{}").TryGetProperty("capabilities") |> fst)
        Assert.Equal(-32600, code (client.Answer("initialize", json "{}")))

    [<Fact>]
    member _.``unknown requests are refused, unknown notifications are not answered``() =
        use client = opened small
        Assert.Equal(-32601, code (client.Answer("textDocument/moniker", about ())))
        Assert.Equal(-32601, code (client.Answer("sss/nothing", json "{}")))
        client.Notify("$/setTrace", json """{"value":"off"}""")
        client.Notify("textDocument/didSave", about ())
        Assert.Equal(-32602, code (client.Answer("textDocument/hover", about ())))

    [<Fact>]
    member _.``a text that is not open has no answers``() =
        use client = opened small
        // An answer that comes after what is published would take it away.
        client.Findings() |> ignore
        client.Notify("textDocument/didClose", about ())
        let last = client.Findings()
        Assert.Empty((last.GetProperty "diagnostics").EnumerateArray())
        Assert.Equal(JsonValueKind.Null, client.Ask("textDocument/hover", at (3, 3)).ValueKind)

    [<Fact>]
    member _.``what is no message is refused, and the server goes on``() =
        use client = opened small
        client.Findings() |> ignore
        client.Raw "Content-Length: 7\r\n\r\n{\"a\": }"
        Assert.Equal(-32700, code (client.Next()))
        client.Raw "content-length: 2\r\nContent-Type: x\r\n\r\n{}"
        Assert.Equal(-32700, code (client.Next()))
        Assert.NotEqual(JsonValueKind.Null, client.Ask("textDocument/hover", at (3, 3)).ValueKind)

    [<Fact>]
    member _.``cancelled requests are answered as such, others in their order``() =
        use client = opened small

        // Something to do meanwhile.
        for version in 2..20 do
            client.Notify("textDocument/didChange", changing version (3, 2, 3, 2) "relu; ")

        let first = client.Post("textDocument/documentSymbol", about ())
        let second = client.Post("textDocument/hover", at (3, 3))
        let third = client.Post("textDocument/hover", at (3, 3))
        client.Notify("$/cancelRequest", json ("{\"id\":" + string third + "}"))
        client.Notify("$/cancelRequest", json "{\"id\":999}")
        Assert.True(client.Await(first).TryGetProperty("result") |> fst)
        Assert.True(client.Await(second).TryGetProperty("result") |> fst)
        let answer = client.Await third
        // It may have been answered before the cancellation came.
        Assert.True((answer.TryGetProperty("result") |> fst) || code answer = -32800)

    [<Fact>]
    member _.``of several changes at once the last one is told``() =
        use client = opened small
        client.Findings() |> ignore

        for version in 2..50 do
            client.Notify("textDocument/didChange", changing version (3, 2, 3, 2) "relu; ")

        let rec last count =
            let found = client.Findings()

            if found.GetProperty("version").GetInt32() = 50 then
                count
            else
                last (count + 1)

        Assert.InRange(last 1, 1, 49)
