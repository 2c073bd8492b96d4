namespace Sss.Core

/// What a layer does.
[<RequireQualifiedAccess>]
type Op =
    | Conv of Conv
    | DepthwiseConv of DepthwiseConv
    | Deconv of Deconv
    | Dense of Dense
    | BatchNorm of BatchNorm
    | GroupNorm of GroupNorm
    | LayerNorm of LayerNorm
    | LocalResponse of LocalResponse
    | Activation of Activation
    /// x, or a trained slope of its channel times x where x is negative.
    | PRelu
    | LayerScale of LayerScale
    | Pool of Pool
    | GlobalPool of PoolKind
    | Upsample of Upsample
    | Dropout of probability: float
    | Flatten
    | Reorder of Reorder
    | Attention of Attention
    | Tokens of Tokens
    /// The first position.
    | Pick

/// Operations. Each of them is described in its file in `Ops`; `docs/design.md` says how one is added.
[<RequireQualifiedAccess>]
module Op =

    /// Every word that the language has for an operation.
    let words: Word<Op> list = [
        Word.map Op.Conv Conv.word
        Word.map Op.DepthwiseConv DepthwiseConv.word
        Word.map Op.Deconv Deconv.word
        Word.map Op.Dense Dense.word
        Word.map Op.BatchNorm BatchNorm.word
        Word.map Op.GroupNorm GroupNorm.word
        Word.map Op.LayerNorm GroupNorm.layerWord
        Word.map Op.LocalResponse LocalResponse.word
        yield! Activation.words |> List.map (Word.map Op.Activation)
        Word.map (fun () -> Op.PRelu) PerChannel.preluWord
        Word.map Op.LayerScale PerChannel.scaleWord
        yield!
            Pool.words
            |> List.map (
                Word.map (
                    function
                    | Pooling.Window pool -> Op.Pool pool
                    | Pooling.Global kind -> Op.GlobalPool kind
                )
            )
        Word.map Op.Upsample Upsample.word
        Word.map Op.Dropout Dropout.word
        Word.map (fun () -> Op.Flatten) Flatten.word
        Word.map Op.Reorder Reorder.word
        Word.map Op.Attention Attention.word
        Word.map Op.Tokens Tokens.word
        Word.map (fun () -> Op.Pick) Tokens.pickWord
    ]

    let private byName = dict [ for word in words -> word.Name, word ]

    /// The operation's word, if it is one.
    let tryWord (name: string) : Word<Op> option =
        match byName.TryGetValue name with
        | true, word -> Some word
        | false, _ -> None

    /// All facts about an operation. The only place of this project that tells operations apart.
    let facts (op: Op) : OpFacts<Op> =
        match op with
        | Op.Conv c -> OpFacts.map Op.Conv (Conv.facts c)
        | Op.DepthwiseConv c -> OpFacts.map Op.DepthwiseConv (DepthwiseConv.facts c)
        | Op.Deconv d -> OpFacts.map Op.Deconv (Deconv.facts d)
        | Op.Dense d -> OpFacts.map Op.Dense (Dense.facts d)
        | Op.BatchNorm b -> OpFacts.map Op.BatchNorm (BatchNorm.facts b)
        | Op.GroupNorm g -> OpFacts.map Op.GroupNorm (GroupNorm.facts g)
        | Op.LayerNorm l -> OpFacts.map Op.LayerNorm (GroupNorm.layerFacts l)
        | Op.LocalResponse l -> OpFacts.map Op.LocalResponse (LocalResponse.facts l)
        | Op.Activation a -> OpFacts.map Op.Activation (Activation.facts a)
        | Op.PRelu -> OpFacts.map (fun () -> Op.PRelu) PerChannel.preluFacts
        | Op.LayerScale s -> OpFacts.map Op.LayerScale (PerChannel.scaleFacts s)
        | Op.Pool p -> OpFacts.map Op.Pool (Pool.facts p)
        | Op.GlobalPool kind -> OpFacts.map Op.GlobalPool (Pool.globalFacts kind)
        | Op.Upsample u -> OpFacts.map Op.Upsample (Upsample.facts u)
        | Op.Dropout p -> OpFacts.map Op.Dropout (Dropout.facts p)
        | Op.Flatten -> OpFacts.map (fun () -> Op.Flatten) Flatten.facts
        | Op.Reorder r -> OpFacts.map Op.Reorder (Reorder.facts r)
        | Op.Attention a -> OpFacts.map Op.Attention (Attention.facts a)
        | Op.Tokens t -> OpFacts.map Op.Tokens (Tokens.facts t)
        | Op.Pick -> OpFacts.map (fun () -> Op.Pick) Tokens.pickFacts

    /// Its word in the language; also the stem of automatic names.
    let word (op: Op) : string = (facts op).Word

    /// The output shape for an input shape, or all that is wrong with that input.
    let output (op: Op) (input: Shape) : Result<Shape, ShapeProblem list> = (facts op).Output input

    /// Whether it adds a bias of its own.
    let hasBias (op: Op) : bool = (facts op).Bias = Some true

    /// The arrays that an operation has for an input.
    let arrays (op: Op) (input: Shape) : ArraySpec list = (facts op).Arrays input

    /// Whether its arrays can take up a factor of its output.
    let takesFactor (op: Op) : bool =
        match (facts op).Takes with
        | Takes.Gain
        | Takes.GainAndShift -> true
        | Takes.Nothing -> false

    /// Whether its arrays can take up a constant that is added to its output.
    let takesShift (op: Op) : bool =
        match (facts op).Takes with
        | Takes.GainAndShift -> true
        | Takes.Gain
        | Takes.Nothing -> false

    /// Whether it normalises with the statistics of the batch, of which it keeps a running mean.
    let usesBatch (op: Op) (input: Shape) : bool =
        arrays op input |> List.exists (fun spec -> spec.Role = ArrayRole.RunningMean)

    /// The operation of a layer with a bias, where it can have one.
    let withBias (op: Op) (input: Shape) (output: Shape) : Op =
        let facts = facts op

        facts.Narrow {
            Out = output.Channels
            Groups = OpFacts.groups facts input
            Kept = Array.create input.Channels true
            Bias = true
        }
