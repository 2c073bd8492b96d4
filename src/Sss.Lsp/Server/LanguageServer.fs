namespace Sss.Lsp

open System
open System.Collections.Concurrent
open System.IO
open System.Text.Json
open System.Threading

/// The server of the Language Server Protocol 3.17 on a pair of streams.
[<RequireQualifiedAccess>]
module LanguageServer =

    /// What arrives while something else is answered.
    type private Mailbox = {
        Messages: BlockingCollection<Incoming>
        /// The identities of requests that the client no longer waits for.
        Cancelled: ConcurrentDictionary<string, unit>
    }

    /// Reads messages until the stream ends. A cancellation overtakes what waits.
    let private receive (input: Stream) (mailbox: Mailbox) =
        let rec go () =
            match Connection.read input with
            | None -> ()
            | Some(Incoming.Notification("$/cancelRequest", parameters)) ->
                Json.tryGet [ "id" ] parameters
                |> Option.iter (fun id -> mailbox.Cancelled.TryAdd(id.GetRawText(), ()) |> ignore)

                go ()
            | Some message ->
                mailbox.Messages.Add message
                go ()

        try
            go ()
        with
        | :? IOException
        | :? ObjectDisposedException -> ()

        mailbox.Messages.CompleteAdding()

    /// The state of the loop.
    type private State = {
        Session: Session
        /// Texts whose findings have to be sent again.
        Stale: Set<string>
    }

    let private cancelled: Refusal = {
        Code = -32800
        Message = "The request was cancelled."
    }

    /// An answer in any case: a mistake of ours must not end the server that an editor relies on.
    let private safely options session name parameters =
        try
            Requests.answer options session name parameters
        with e ->
            session,
            Error {
                Code = -32603
                Message = $"The server failed: {e.Message}"
            }

    let private handle options (output: Stream) (mailbox: Mailbox) (state: State) message : State =
        match message with
        | Incoming.Answer -> state
        | Incoming.Unreadable reason ->
            Connection.answer output None (Error { Code = -32700; Message = reason })
            state
        | Incoming.Request(id, name, parameters) ->
            match mailbox.Cancelled.TryRemove(id.GetRawText()) with
            | true, _ ->
                Connection.answer output (Some id) (Error cancelled)
                state
            | false, _ ->
                let session, answer = safely options state.Session name parameters
                Connection.answer output (Some id) answer
                { state with Session = session }
        | Incoming.Notification(name, parameters) when state.Session.IsInitialized ->
            let session, stale = Session.notified name parameters state.Session

            {
                Session = session
                Stale = Set.union state.Stale (Set.ofList stale)
            }
        | Incoming.Notification _ -> state

    /// Tells the findings of changed texts. Only once nothing waits: of several changes the last one counts.
    let private publish options (output: Stream) mailbox (state: State) : State =
        // A request that is cancelled by now has been answered.
        mailbox.Cancelled.Clear()

        for uri in state.Stale do
            Connection.notify
                output
                "textDocument/publishDiagnostics"
                (Session.findings options state.Session uri)

        { state with Stale = Set.empty }

    /// Waits for the next message; None: there are no more.
    let private next (messages: BlockingCollection<Incoming>) : Incoming option =
        let mutable message = Incoming.Answer

        if messages.TryTake(&message, Timeout.Infinite) then
            Some message
        else
            None

    let private isExit message =
        match message with
        | Incoming.Notification("exit", _) -> true
        | Incoming.Notification _
        | Incoming.Request _
        | Incoming.Answer
        | Incoming.Unreadable _ -> false

    /// Serves until the client says `exit` or its stream ends: the exit code of the process, 0 where the
    /// client said `shutdown` before.
    let run (options: ServerOptions) (input: Stream) (output: Stream) : int =
        // Not disposed: the reader may still wait for its stream when the server ends.
        let messages = new BlockingCollection<Incoming>()

        let mailbox = {
            Messages = messages
            Cancelled = ConcurrentDictionary()
        }

        let reader = Thread((fun () -> receive input mailbox), IsBackground = true)
        reader.Start()

        let rec loop (state: State) : int =
            // Nothing waits: time to say what has been found.
            let state =
                if messages.Count = 0 then
                    publish options output mailbox state
                else
                    state

            match next messages with
            | Some message when isExit message -> if state.Session.IsShutDown then 0 else 1
            | Some message -> loop (handle options output mailbox state message)
            | None -> 1

        try
            loop {
                Session = Session.start
                Stale = Set.empty
            }
        // The client has gone.
        with :? IOException ->
            1
