using Sss.Internal;

namespace Sss;

/// <summary>
/// Collects the statements of one body of a network: of the network itself, of a residual's branch, of a
/// concatenation. Every method adds one statement and returns the builder. Mistakes in the network
/// are reported together when it is complete; arguments that are never valid (an invalid name, a
/// factor without a statement) throw at once. A builder is valid while its callback runs, on that thread. It
/// accepts no statements while the callback of a body inside it runs: that body has its own builder.
/// </summary>
public sealed partial class BodyBuilder
{
    /// <summary>More than any network needs; the language allows twice as many.</summary>
    private const int MostBodies = 100;

    private static readonly int MostLayers = Core.Check.maxLayers;

    private readonly List<Statement> statements = [];
    private readonly int depth;
    private bool closed;
    private bool isWaiting;

    private BodyBuilder(Shape input, int classes, int depth)
    {
        Input = input;
        Classes = classes;
        this.depth = depth;
    }

    /// <summary>The shape of one image of the network.</summary>
    public Shape Input { get; }

    /// <summary>The number of classes (or outputs) of the network: the number of outputs of its last dense layer.</summary>
    public int Classes { get; }

    /// <summary>
    /// Multiplies the output of the statement before it by scaling factors, <c>@scale</c> of the language.
    /// If the statement is a convolution followed by a bn, they are on the bn.
    /// </summary>
    /// <param name="kind">What one factor can remove. Only one kind fits a statement.</param>
    /// <param name="gamma">Multiplies the recipe's γ of this kind; 0 or more.</param>
    /// <param name="init">The start value of every factor; 0 or more.</param>
    /// <param name="min">A target leaves at least so many of them; 0 or more.</param>
    /// <param name="keep">Whether a target leaves all of them alone.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is no statement before it, it has factors already, or it cannot have factors.
    /// </exception>
    public BodyBuilder Factor(FactorKind kind, double gamma = 1, double init = 1, int min = 0, bool keep = false)
    {
        Require(Enum.IsDefined(kind), nameof(kind), kind, "a kind of factors");
        Require(double.IsFinite(gamma) && gamma >= 0, nameof(gamma), gamma, "a number of 0 or more");
        Require(double.IsFinite(init) && init >= 0, nameof(init), init, "a number of 0 or more");
        Require(min >= 0, nameof(min), min, "0 or more");
        var last = Last("factors");
        if (last is ScopeStatement or RepeatStatement or GateStatement or ConcatStatement)
        {
            throw new InvalidOperationException(
                $"A {last.Word} carries no factors: put them on a layer inside, or on a residual.");
        }

        if (last.Factors is not null)
        {
            throw new InvalidOperationException($"This {last.Word} has factors already.");
        }

        statements[^1] = last with { Factors = new FactorRequest(kind, gamma, init, min, keep) };
        return this;
    }

    /// <summary>
    /// Names the statement before it, like a label in the language. Weights are stored under this name; without one a statement
    /// is named by its word and number: <c>conv1</c>.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// Names are letters, digits and <c>_</c>, do not start with a digit, and are not reserved words.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// There is no statement before it, it has a name already, or it is a repeat.
    /// </exception>
    public BodyBuilder Named(string name)
    {
        CheckName(name, nameof(name));
        var last = Last("a name");
        if (last is RepeatStatement || last.Name is not null)
        {
            throw new InvalidOperationException(
                last.Name is { } given ? $"It is called '{given}' already." : "A repeat has no name: its statements have.");
        }

        statements[^1] = last with { Name = name };
        return this;
    }

    /// <summary>Statements whose names start with the given name: <c>name.conv1</c>.</summary>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    public BodyBuilder Scope(string name, Action<BodyBuilder> body)
    {
        CheckName(name, nameof(name));
        return Add(new ScopeStatement(null, Inner(body)) { Name = name });
    }

    /// <summary>
    /// Statements whose names start with a word and its running number, like a call of a definition in the
    /// language: <c>basic1.conv1</c>, <c>basic2.conv1</c>.
    /// </summary>
    /// <exception cref="ArgumentException">The word is not a valid name.</exception>
    public BodyBuilder Unit(string word, Action<BodyBuilder> body)
    {
        CheckName(word, nameof(word));
        return Add(new ScopeStatement(word, Inner(body)));
    }

    /// <summary>The same statements several times. Their numbers continue, as in the language.</summary>
    /// <param name="count">The number of repetitions, from 0 to 10⁶.</param>
    /// <param name="body">Called once per repetition.</param>
    public BodyBuilder Repeat(int count, Action<BodyBuilder> body)
    {
        Require(count >= 0 && count <= MostLayers, nameof(count), count, $"a whole number from 0 to {MostLayers}");
        ArgumentNullException.ThrowIfNull(body);
        return Add(new RepeatStatement([.. Enumerable.Range(0, count).Select(_ => Inner(body))]));
    }

    internal static IReadOnlyList<Statement> Collect(Shape input, int classes, Action<BodyBuilder> body) =>
        Collect(new BodyBuilder(input, classes, 0), body);

    internal static void CheckName(string name, string parameter)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        if (name.Length == 0
            || char.IsAsciiDigit(name[0])
            || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw new ArgumentException(
                $"'{name}' is not a name: letters, digits and '_', not starting with a digit.",
                parameter);
        }

        if (Dsl.Words.isReserved(name))
        {
            throw new ArgumentException($"'{name}' is a reserved word.", parameter);
        }
    }

    private static IReadOnlyList<Statement> Collect(BodyBuilder builder, Action<BodyBuilder> body)
    {
        try
        {
            body(builder);
            return builder.statements;
        }
        finally
        {
            builder.closed = true;
        }
    }

    private static void Require(bool holds, string parameter, object value, string expected)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(parameter, value, $"Expected {expected}.");
        }
    }

    private IReadOnlyList<Statement> Inner(Action<BodyBuilder> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (depth == MostBodies)
        {
            throw new InvalidOperationException($"Bodies nest more than {MostBodies} deep.");
        }

        CheckOpen();
        isWaiting = true;
        try
        {
            return Collect(new BodyBuilder(Input, Classes, depth + 1), body);
        }
        finally
        {
            isWaiting = false;
        }
    }

    private Statement Last(string what)
    {
        CheckOpen();
        return statements.Count > 0
            ? statements[^1]
            : throw new InvalidOperationException($"There is no statement before this that could have {what}.");
    }

    private BodyBuilder Add(Statement statement)
    {
        CheckOpen();
        statements.Add(statement);
        return this;
    }

    private void CheckOpen()
    {
        if (closed)
        {
            throw new InvalidOperationException("This body is complete: a builder lives while its callback runs.");
        }

        if (isWaiting)
        {
            throw new InvalidOperationException(
                "A body inside this one is being built: add to the builder that its callback was given.");
        }
    }
}
