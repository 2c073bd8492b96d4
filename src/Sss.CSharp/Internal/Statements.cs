namespace Sss.Internal;

/// <summary>Factors as they were requested.</summary>
internal sealed record FactorRequest(FactorKind Kind, double Gamma, double Init, int Min, bool Keep);

/// <summary>One statement of a body that was built in code, before anything about it is checked.</summary>
internal abstract record Statement
{
    internal string? Name { get; init; }

    internal FactorRequest? Factors { get; init; }

    /// <summary>Its name in messages.</summary>
    internal abstract string Word { get; }
}

/// <summary>A layer; <paramref name="Op"/> receives whether the layer has a bias if the caller did not say.</summary>
internal sealed record LayerStatement(string Kind, Func<bool, Core.Op> Op) : Statement
{
    internal override string Word => Kind;
}

/// <summary>Statements in their own scope: a name, or a word and a number.</summary>
internal sealed record ScopeStatement(string? NumberedWord, IReadOnlyList<Statement> Body) : Statement
{
    internal override string Word => NumberedWord ?? "scope";
}

/// <summary>Repetitions whose statements belong to the body around them.</summary>
internal sealed record RepeatStatement(IReadOnlyList<IReadOnlyList<Statement>> Rounds) : Statement
{
    internal override string Word => "repeat";
}

/// <summary>A residual; where <paramref name="Body"/> is null, <paramref name="Kind"/> says which shortcut it has.</summary>
internal sealed record ResidualStatement(
    IReadOnlyList<Statement> Branch,
    Shortcut Kind,
    IReadOnlyList<Statement>? Body,
    double Drop = 0) : Statement
{
    internal override string Word => "residual";
}

/// <summary>A gate.</summary>
internal sealed record GateStatement(IReadOnlyList<Statement> Body) : Statement
{
    internal override string Word => "gate";
}

/// <summary>A further output.</summary>
internal sealed record OutputStatement(IReadOnlyList<Statement> Body) : Statement
{
    internal override string Word => Core.NodeModule.OutputWord;
}

/// <summary>A concatenation, or a split, and what its branches read.</summary>
internal sealed record ConcatStatement(
    Core.DraftReads Reads,
    IReadOnlyList<IReadOnlyList<Statement>> Branches) : Statement
{
    internal override string Word => Reads.IsAll ? "concat" : "split";
}
