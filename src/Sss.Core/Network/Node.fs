namespace Sss.Core

/// One layer of a checked network.
type Layer = {
    /// Unique in the network; the key of its weights. Scopes are joined with dots.
    Name: string
    Op: Op
    Scale: Scale option
    Input: Shape
    Output: Shape
}

/// A part of a checked network. A body is a list of nodes that run one after the other.
[<RequireQualifiedAccess>]
type Node =
    | Layer of Layer
    | Residual of Residual
    | Gate of Gate
    | Concat of Concat
    | Output of Output

/// λ·branch(x) + shortcut(x).
and Residual = {
    Name: string
    /// Only ever of kind `Block`.
    Scale: Scale option
    /// Stochastic depth (G. Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016): in
    /// training the branch is left out for an image with this probability p, and is multiplied by
    /// 1/(1 − p) otherwise.
    Drop: float
    Branch: Node list
    /// Empty: the identity.
    Shortcut: Node list
    /// The shape of both sides and of the sum.
    Output: Shape
}

/// x times body(x), which has the shape of x or one value per channel.
and Gate = {
    Name: string
    Body: Node list
    /// The shape of x and of the product.
    Output: Shape
}

/// The channels of all branches, in order: `concat`, and `split`, whose branches read one part of the
/// channels each.
and Concat = {
    Name: string
    Reads: Reads
    /// At least two. An empty branch is the identity.
    Branches: Branch list
    Output: Shape
}

/// A further output: what the body gives for the value there, which itself goes on unchanged. Only ever in the
/// network's own body.
and Output = {
    /// The name of the output.
    Name: string
    /// The shape of the value.
    Input: Shape
    /// Never empty.
    Body: Node list
}

/// What the branches of a concatenation read.
and [<RequireQualifiedAccess>] Reads =
    /// Each branch reads all channels: `concat`.
    | All
    /// Each branch reads the channels after those of the branch before it: `split`.
    | Parts

/// One branch of a concatenation.
and Branch = {
    /// `branch1`, `branch2`, …: the last part of its scope's name. A selected network keeps the
    /// numbers it came from, so there may be gaps.
    Name: string
    /// What it reads.
    Input: Shape
    Body: Node list
}

/// Nodes, and how they are made of bodies.
[<RequireQualifiedAccess>]
module Node =

    /// The facts of the join that a node ends in; None for a layer and a further output. The only place of this project
    /// that says which join a node is.
    let join (node: Node) : JoinFacts option =
        match node with
        | Node.Layer _
        | Node.Output _ -> None
        | Node.Residual _ -> Some Sum.facts
        | Node.Gate _ -> Some Product.facts
        | Node.Concat { Reads = Reads.All } -> Some Chain.concat
        | Node.Concat { Reads = Reads.Parts } -> Some Chain.split

    /// The word of a further output.
    [<Literal>]
    let OutputWord = "output"

    /// What the scores and the inputs of exported files are called; no further output may be.
    let takenNames = set [ "scores"; "probabilities"; "images"; "pixels"; "numbers" ]

    /// Words of joins.
    let words: string list =
        [ Sum.facts; Product.facts; Chain.concat; Chain.split ] |> List.map _.Word

    /// The word of a node in the language; also the stem of its automatic name.
    let word (node: Node) : string =
        match node, join node with
        | _, Some facts -> facts.Word
        | Node.Layer layer, None -> Op.word layer.Op
        | Node.Output _, None -> OutputWord
        | Node.Residual _, None
        | Node.Gate _, None
        | Node.Concat _, None -> ""

    /// The bodies that a node is made of, in the order of the text.
    let bodies (node: Node) : Node list list =
        match node with
        | Node.Layer _ -> []
        | Node.Residual r -> [ r.Branch; r.Shortcut ]
        | Node.Gate g -> [ g.Body ]
        | Node.Concat c -> c.Branches |> List.map _.Body
        | Node.Output o -> [ o.Body ]

    /// The shape that a node gives to the next one.
    let output (node: Node) : Shape =
        match node with
        | Node.Layer layer -> layer.Output
        | Node.Residual r -> r.Output
        | Node.Gate g -> g.Output
        | Node.Concat c -> c.Output
        | Node.Output o -> o.Input

    /// Its name; for a layer it is the key of its arrays.
    let name (node: Node) : string =
        match node with
        | Node.Layer layer -> layer.Name
        | Node.Residual r -> r.Name
        | Node.Gate g -> g.Name
        | Node.Concat c -> c.Name
        | Node.Output o -> o.Name

    /// The scaling factors written on it.
    let scale (node: Node) : Scale option =
        match node with
        | Node.Layer layer -> layer.Scale
        | Node.Residual r -> r.Scale
        | Node.Gate _
        | Node.Concat _
        | Node.Output _ -> None

    /// The node with other bodies, as many as `bodies` gives; shapes stay.
    let withBodies (bodies: Node list list) (node: Node) : Node =
        match node, bodies with
        | Node.Residual r, [ branch; shortcut ] ->
            Node.Residual {
                r with
                    Branch = branch
                    Shortcut = shortcut
            }
        | Node.Gate g, [ body ] -> Node.Gate { g with Body = body }
        | Node.Output o, [ body ] -> Node.Output { o with Body = body }
        | Node.Concat c, bodies when bodies.Length = c.Branches.Length ->
            Node.Concat {
                c with
                    Branches =
                        List.map2 (fun branch body -> { branch with Body = body }) c.Branches bodies
            }
        | Node.Layer _, _
        | Node.Residual _, _
        | Node.Gate _, _
        | Node.Concat _, _
        | Node.Output _, _ -> node
