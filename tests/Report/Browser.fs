namespace Sss.Tests.Report

open System
open System.Diagnostics
open System.IO
open System.Net.WebSockets
open System.Text
open System.Text.Json
open System.Text.Json.Nodes
open System.Threading
open Xunit

/// Chromium without a window, driven over its DevTools protocol.
module Browser =

    /// Where Debian puts it; other systems call it otherwise.
    let program =
        (Environment.GetEnvironmentVariable "PATH" |> string).Split Path.PathSeparator
        |> Seq.collect (fun folder -> [
            Path.Combine(folder, "chromium")
            Path.Combine(folder, "chromium-browser")
            Path.Combine(folder, "google-chrome")
        ])
        |> Seq.tryFind File.Exists

    let private field (name: string) (node: JsonNode) : JsonNode option = Option.ofObj node[name]

    /// A text in a message, by the names on the way to it; empty where it is not there.
    let private textAt (names: string list) (node: JsonNode) : string =
        let at = names |> List.fold (fun at name -> Option.bind (field name) at) (Some node)

        match at with
        | Some value -> value.GetValue<string>()
        | None -> ""

    /// What a page reported while it opened.
    type Told = {
        /// Errors and warnings of the console, and exceptions.
        Console: string list
        /// Addresses that were requested, but for `data:`.
        Requests: string list
        /// Milliseconds from the start of the navigation to the end of the load event.
        Load: float
    }

    /// One page of one browser.
    type Page(profile: string) =
        let program = Option.get program

        let child =
            let info =
                ProcessStartInfo(
                    program,
                    [
                        "--headless=new"
                        // The tests may run as root, where the sandbox refuses to start.
                        "--no-sandbox"
                        "--disable-gpu"
                        "--hide-scrollbars"
                        "--no-first-run"
                        "--remote-debugging-port=0"
                        "--user-data-dir=" + profile
                        "about:blank"
                    ],
                    RedirectStandardError = true,
                    RedirectStandardOutput = true
                )

            let started = nonNull (Process.Start info)
            started.ErrorDataReceived.Add ignore
            started.OutputDataReceived.Add ignore
            started.BeginErrorReadLine()
            started.BeginOutputReadLine()
            started

        let limit = TimeSpan.FromSeconds 60.0

        /// The browser writes its port, and the path of its socket, into a file when it is ready.
        let address =
            let file = Path.Combine(profile, "DevToolsActivePort")
            let clock = Stopwatch.StartNew()

            let rec wait () =
                let lines = if File.Exists file then File.ReadAllLines file else [||]

                if lines.Length >= 2 then
                    Uri $"ws://127.0.0.1:{lines[0]}{lines[1]}"
                elif clock.Elapsed > limit then
                    failwith "the browser did not start"
                else
                    Thread.Sleep 20
                    wait ()

            wait ()

        let socket = new ClientWebSocket()
        do socket.ConnectAsync(address, CancellationToken.None).Wait()

        let events = ResizeArray<JsonNode>()
        let mutable last = 0
        let mutable session = ""

        let receive () : JsonNode =
            use message = new MemoryStream()
            let buffer = Array.zeroCreate<byte> 65536
            use timeout = new CancellationTokenSource(limit)

            let rec more () =
                let part = socket.ReceiveAsync(ArraySegment buffer, timeout.Token).Result
                message.Write(buffer, 0, part.Count)

                if not part.EndOfMessage then
                    more ()

            more ()
            nonNull (JsonNode.Parse(message.ToArray()))

        let call (method: string) (parameters: (string * JsonNode) list) : JsonNode =
            last <- last + 1
            let id = last
            let message = JsonObject()
            message["id"] <- JsonValue.Create id
            message["method"] <- JsonValue.Create method
            message["params"] <- JsonObject(dict parameters)

            if session <> "" then
                message["sessionId"] <- JsonValue.Create session

            let bytes = Encoding.UTF8.GetBytes(message.ToJsonString())

            socket
                .SendAsync(
                    ArraySegment bytes,
                    WebSocketMessageType.Text,
                    true,
                    CancellationToken.None
                )
                .Wait()

            let rec answer () =
                let received = receive ()

                match field "id" received with
                | None ->
                    events.Add received
                    answer ()
                | Some n when n.GetValue<int>() = id ->
                    match field "error" received with
                    | Some error -> failwith $"{method}: {error.ToJsonString()}"
                    | None -> field "result" received |> Option.defaultValue (JsonObject())
                | Some _ -> answer ()

            answer ()

        let text (value: string) : JsonNode = nonNull (JsonValue.Create value)
        let number (value: int) : JsonNode = JsonValue.Create value

        let attach () =
            let targets = call "Target.getTargets" [] |> field "targetInfos" |> Option.get

            let page =
                targets.AsArray()
                |> Seq.map nonNull
                |> Seq.find (fun target -> textAt [ "type" ] target = "page")

            let attached =
                call "Target.attachToTarget" [
                    "targetId", text (textAt [ "targetId" ] page)
                    "flatten", JsonValue.Create true
                ]

            session <- textAt [ "sessionId" ] attached

            for domain in [ "Page"; "Runtime"; "Log"; "Network" ] do
                call (domain + ".enable") [] |> ignore

        do attach ()

        /// The value of an expression in the page.
        member _.Value(expression: string) : JsonElement =
            let result =
                call "Runtime.evaluate" [
                    "expression",
                    text $"(async () => JSON.stringify((await ({expression})) ?? null))()"
                    "awaitPromise", JsonValue.Create true
                ]

            match field "exceptionDetails" result with
            | Some details -> failwith (details.ToJsonString())
            | None -> JsonDocument.Parse(textAt [ "result"; "value" ] result).RootElement

        /// The size of the window, in pixels of the page.
        member _.Resize(width: int, height: int) =
            call "Emulation.setDeviceMetricsOverride" [
                "width", number width
                "height", number height
                "deviceScaleFactor", number 1
                "mobile", JsonValue.Create false
            ]
            |> ignore

        /// Whether the system is dark.
        member _.Dark(dark: bool) =
            let feature = JsonObject()
            feature["name"] <- JsonValue.Create "prefers-color-scheme"
            feature["value"] <- JsonValue.Create(if dark then "dark" else "light")

            call "Emulation.setEmulatedMedia" [ "features", JsonArray(feature :> JsonNode) ]
            |> ignore

        /// As on paper, or as on a screen.
        member _.Paper(isPaper: bool) =
            call "Emulation.setEmulatedMedia" [ "media", text (if isPaper then "print" else "") ]
            |> ignore

        /// Opens a file or an address and waits for the end of its load event.
        member page.Open(address: string) =
            events.Clear()
            call "Page.navigate" [ "url", text (Uri(address).AbsoluteUri) ] |> ignore

            while events
                  |> Seq.exists (fun e -> textAt [ "method" ] e = "Page.loadEventFired")
                  |> not do
                events.Add(receive ())

            // Whatever the page does right after it was loaded is reported too.
            page.Value "new Promise(done => setTimeout(done, 50))" |> ignore

        /// What the page has reported since it was opened.
        member page.Told: Told =
            let named name =
                events |> Seq.filter (fun e -> textAt [ "method" ] e = name) |> List.ofSeq

            let timing = page.Value "performance.getEntriesByType('navigation')[0].loadEventEnd"

            {
                Console =
                    [ "Runtime.consoleAPICalled"; "Runtime.exceptionThrown"; "Log.entryAdded" ]
                    |> List.collect named
                    |> List.map _.ToJsonString()
                Requests =
                    named "Network.requestWillBeSent"
                    |> List.map (textAt [ "params"; "request"; "url" ])
                    |> List.filter (fun (url: string) -> not (url.StartsWith "data:"))
                Load = timing.GetDouble()
            }

        /// Moves the mouse along points of the window, its left button down from the first to the last.
        member _.Stroke(points: (float * float) list) =
            let send kind (x: float, y: float) buttons =
                call "Input.dispatchMouseEvent" [
                    "type", text kind
                    "x", JsonValue.Create x
                    "y", JsonValue.Create y
                    "button", text "left"
                    "buttons", number buttons
                    "clickCount", number 1
                ]
                |> ignore

            send "mousePressed" points.Head 1

            for point in points.Tail do
                send "mouseMoved" point 1

            send "mouseReleased" (List.last points) 0

        /// Presses and releases Tab.
        member _.Tab() =
            for kind in [ "keyDown"; "keyUp" ] do
                call "Input.dispatchKeyEvent" [
                    "type", text kind
                    "key", text "Tab"
                    "code", text "Tab"
                    "windowsVirtualKeyCode", number 9
                ]
                |> ignore

        /// A picture of the window.
        member _.Screenshot(file: string) =
            let picture = call "Page.captureScreenshot" [ "format", text "png" ]
            Directory.CreateDirectory(Path.GetDirectoryName file |> string) |> ignore
            File.WriteAllBytes(file, Convert.FromBase64String(textAt [ "data" ] picture))

        interface IDisposable with
            member _.Dispose() =
                session <- ""

                try
                    call "Browser.close" [] |> ignore
                with _ ->
                    ()

                socket.Dispose()

                if not (child.WaitForExit 10000) then
                    child.Kill true

                child.Dispose()
