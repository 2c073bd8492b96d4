using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Random networks built in code, against their own text.</summary>
public class BuilderLaws
{
    /// <summary>One statement of a random body; what it holds is only used by statements with bodies.</summary>
    private sealed record Piece(int Kind, int Choice, Piece[] First, Piece[] Second)
    {
        public override string ToString() =>
            $"{Kind}.{Choice}" + (First.Length + Second.Length == 0
                ? ""
                : $"[{string.Join(" ", First.AsEnumerable())}|{string.Join(" ", Second.AsEnumerable())}]");
    }

    private const int Plain = 8;

    /// <summary>Labels, some of which look like automatic names and may only skip forward.</summary>
    private static readonly string[] Names =
    [
        "a", "b_2", "conv5", "conv900", "unit3", "unit77", "residual9", "concat4", "branch1", "branch", "_1", "basic2_4",
    ];

    private static Gen<Piece[]> Body(int size) =>
        Gen.Choose(0, 4).SelectMany(n => Gen.ArrayOf(Statement(size), n));

    private static Gen<Piece> Statement(int size) =>
        from kind in Gen.Choose(0, size <= 0 ? Plain : Plain + 7)
        from choice in Gen.Choose(0, 11)
        from first in kind <= Plain ? Gen.Constant(Array.Empty<Piece>()) : Body(size / 2)
        from second in kind <= Plain ? Gen.Constant(Array.Empty<Piece>()) : Body(size / 2)
        select new Piece(kind, choice, first, second);

    /// <summary>Every body with one piece less, or with one piece that holds less.</summary>
    private static IEnumerable<Piece[]> Smaller(Piece[] body)
    {
        for (var i = 0; i < body.Length; i++)
        {
            yield return [.. body[..i], .. body[(i + 1)..]];
            foreach (var first in Smaller(body[i].First))
            {
                yield return [.. body[..i], body[i] with { First = first }, .. body[(i + 1)..]];
            }

            foreach (var second in Smaller(body[i].Second))
            {
                yield return [.. body[..i], body[i] with { Second = second }, .. body[(i + 1)..]];
            }
        }
    }

    private static void Apply(BodyBuilder b, Piece[] body)
    {
        foreach (var piece in body)
        {
            Apply(b, piece);
        }
    }

    /// <summary>All values are 4×6×6 but those of concatenations, after which a convolution follows.</summary>
    private static void Apply(BodyBuilder b, Piece piece)
    {
        bool? bias = (piece.Choice % 3) switch { 0 => null, 1 => true, _ => false };
        void First(BodyBuilder inner) => Apply(inner, piece.First);
        void Second(BodyBuilder inner) => Apply(inner, piece.Second);
        switch (piece.Kind)
        {
            case 0:
                b.Conv(4, piece.Choice < 6 ? 3 : (1, 5), bias: bias);
                break;
            case 1:
                b.Conv(4, 3, pad: 2, dilation: 2, groups: 2, bias: bias);
                break;
            case 2:
                b.DepthwiseConv(3, bias: bias);
                break;
            case 3:
                b.BatchNorm(piece.Choice < 6 ? 1e-5 : 1.0 / 3, piece.Choice < 9 ? 0.1 : 0.25);
                break;
            case 4:
                b.LeakyRelu(piece.Choice / 7.0 - 0.5);
                break;
            case 5:
                b.MaxPool(3, stride: 1, pad: 1, ceil: piece.Choice < 3);
                break;
            case 6:
                _ = (piece.Choice % 6) switch
                {
                    0 => b.Relu(),
                    1 => b.Relu6(),
                    2 => b.Silu(),
                    3 => b.Gelu(),
                    4 => b.Tanh(),
                    _ => b.Sigmoid(),
                };
                break;
            case 7:
                b.Conv(4, 1).Relu().Dropout(piece.Choice / 13.0);
                break;
            case Plain:
                b.Conv(4, 3).BatchNorm().Factor(FactorKind.Neuron, piece.Choice / 3.0, 1 + piece.Choice);
                break;
            case Plain + 1:
                b.Residual(First, Shortcut.Auto);
                break;
            case Plain + 2:
                b.Residual(r => r.Scope("inner", First).Conv(4, 1), Second).Factor(FactorKind.Block);
                break;
            case Plain + 3:
                b.Concat(First, Second).Conv(4, 1);
                break;
            case Plain + 4:
                b.Repeat(1 + piece.Choice % 3, First);
                break;
            case Plain + 5:
                b.Unit((piece.Choice % 4) switch { 0 => "unit", 1 => "basic2", 2 => "branch", _ => "_" }, First);
                break;
            case Plain + 6:
                b.Conv(4, 3).Named(Names[piece.Choice]).Unit("unit", First).Named(Names[11 - piece.Choice]);
                break;
            default:
                b.Unit("unit", First).Unit("unit", First);
                break;
        }
    }

    private static Network Build(Piece[] body) =>
        Network.Build("Random", (4, 6, 6), 3, b =>
        {
            Apply(b, body);
            b.GlobalAveragePool().Dense(b.Classes);
        });

    [Fact]
    public void TheTextOfABuiltNetworkParsesToAnEqualNetwork()
    {
        var built = 0;
        var bodies = Arb.From(Body(12), Smaller);
        Prop.ForAll(bodies, body =>
        {
            Network net;
            try
            {
                net = Build(body);
            }
            catch (SssException e)
            {
                return e.Diagnostics.Count > 0 && e.Diagnostics.All(d => d.Code.StartsWith("SSS"));
            }

            built++;
            return Network.Parse(net.ToText()).Equals(net) && net.Equals(Build(body));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

        Assert.True(built > 250, $"only {built} bodies made a network");
    }

    [Fact]
    public void NetworksOfDifferentTextsAreDifferent()
    {
        var bodies = Arb.From(Gen.Two(Body(4)));
        Prop.ForAll(bodies, pair =>
        {
            var (one, two) = (Made(pair.Item1), Made(pair.Item2));
            return one is null || two is null || one.Equals(two) == (one.ToText() == two.ToText());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

        static Network? Made(Piece[] body)
        {
            try
            {
                return Build(body);
            }
            catch (SssException)
            {
                return null;
            }
        }
    }
}
