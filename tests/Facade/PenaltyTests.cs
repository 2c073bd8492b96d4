using Xunit;

namespace Sss.Facade.Tests;

public class PenaltyTests
{
    private static readonly double[] Point = [3.0, -0.5, 0.05, -2.0];

    [Fact]
    public void ProxOfL1IsTheSoftThreshold()
    {
        var l1 = Penalty.L1(1.0);

        Assert.Equal([2.9, -0.4, 0.0, -1.9], l1.Prox(Point, step: 0.1).Select(x => Math.Round(x, 12)));
        Assert.Equal(5.55, l1.Evaluate(Point), 12);
        Assert.Equal(new PenaltyTraits(Convex: true, Separable: true, Homogeneous: true, Set: false), l1.Traits);
        Assert.True(l1.Traits is { Convex: true, Separable: true, Homogeneous: true, Set: false });
        Assert.Null(l1.Length);
        Assert.Equal((l1.Name, 2), (l1.ToString(), Penalty.WeightedL1([1, 2]).Length));
        Assert.Contains("l1", l1.Name);
        Assert.Equal([3.0, -0.5, 0.05, -2.0], Point);
    }

    [Fact]
    public void ProxIntoMayOverwriteItsArgument()
    {
        double[] x = [.. Point];
        var value = Penalty.NonNegativeL1(1.0).ProxInto(x, 0.1, x);

        Assert.Equal([2.9, 0.0, 0.0, 0.0], x.Select(v => Math.Round(v, 12)));
        Assert.Equal(2.9, value, 12);
    }

    /// <summary>One point through every factory and every rule of the calculus, against values worked out by hand.</summary>
    public static TheoryData<string, Penalty, double[]> Table() => new()
    {
        { "weighted", Penalty.WeightedL1([1, 1, 1, 0]), [2.0, 0.0, 0.0, -2.0] },
        { "group", Penalty.GroupL2(4, [new CoordinateGroup([1, 2], 1.0)]), [3.0, 0.0, 0.0, -2.0] },
        { "sparse group", Penalty.SparseGroupLasso(1.0, 4, [new CoordinateGroup([0], 1.0)]), [1.0, 0.0, 0.0, -1.0] },
        { "elastic", Penalty.ElasticNet(1.0, 1.0), [1.0, 0.0, 0.0, -0.5] },
        { "l0", Penalty.L0(1.0), [3.0, 0.0, 0.0, -2.0] },
        { "box", Penalty.Box(-1.0, 2.0), [2.0, -0.5, 0.05, -1.0] },
        { "bounds", Penalty.Box([0, 0, 0, 0], [1, 1, 1, 1]), [1.0, 0.0, 0.05, 0.0] },
        { "non-negative", Penalty.NonNegative(), [3.0, 0.0, 0.05, 0.0] },
        { "l1 ball", Penalty.L1Ball(1.0), [1.0, 0.0, 0.0, 0.0] },
        { "l∞ ball", Penalty.LInfinityBall(1.0), [1.0, -0.5, 0.05, -1.0] },
        { "simplex", Penalty.Simplex(), [1.0, 0.0, 0.0, 0.0] },
        { "mcp", Penalty.Mcp(1.0, 2.0), [3.0, 0.0, 0.0, -2.0] },
        { "scad", Penalty.Scad(1.0, 3.0), [3.0, 0.0, 0.0, -1.0] },
        { "scaled", Penalty.L1(1.0).Scaled(2.0), [1.0, 0.0, 0.0, 0.0] },
        { "translated", Penalty.L1(1.0).Translated([3, 0, 0, 0]), [3.0, 0.0, 0.0, -1.0] },
        { "precomposed", Penalty.L1(1.0).Precomposed(2.0), [1.0, 0.0, 0.0, 0.0] },
        { "conjugate", Penalty.L1(1.0).Conjugate(), [1.0, -0.5, 0.05, -1.0] },
        { "envelope", Penalty.L1(1.0).MoreauEnvelope(1.0), [2.0, -0.25, 0.025, -1.0] },
        { "sum", Penalty.SeparableSum((Penalty.L1(1.0), 2), (Penalty.NonNegative(), 2)), [2.0, 0.0, 0.05, 0.0] },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void ProxAtStepOne(string name, Penalty penalty, double[] expected)
    {
        var found = penalty.Prox(Point, step: 1.0);

        Assert.True(
            expected.Zip(found).All(p => Math.Abs(p.First - p.Second) < 1e-9),
            $"{name}: {string.Join(", ", found)} instead of {string.Join(", ", expected)}");
    }

    [Fact]
    public void GroupsOfCoordinatesAreShrunkTogether()
    {
        var group = new CoordinateGroup([0, 3], 1.0);
        Assert.Equal((1.0, 2), (group.Weight, group.Coordinates.Count));

        // ‖(3, −2)‖ = √13: both go by the same factor, 1 − 1/√13.
        var factor = 1 - (1 / Math.Sqrt(13));
        Assert.Equal(
            [3.0 * factor, -0.5, 0.05, -2.0 * factor],
            Penalty.GroupL2(4, [group]).Prox(Point, 1.0).Select(x => Math.Round(x, 12)),
            (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void TheL2BallProjectsOntoItsRadius() =>
        Assert.Equal(1.0, Math.Sqrt(Penalty.L2Ball(1.0).Prox(Point, 1.0).Sum(x => x * x)), 12);

    [Fact]
    public void LogSumShrinksSmallValuesToZero() =>
        Assert.Equal([0.0, 0.0], Penalty.LogSum(1.0, 0.1).Prox([0.05, -0.1], 1.0));

    [Fact]
    public void IllegalParametersAreNamed()
    {
        var thrown = Assert.Throws<ArgumentException>(() => Penalty.L1(-1.0));
        Assert.Equal("l1: gamma must be 0 or more, not -1.", thrown.Message);

        Assert.Throws<ArgumentException>(() => Penalty.Box(2.0, 1.0));
        Assert.Throws<ArgumentException>(() => Penalty.L1(1.0).Prox(Point, step: 0.0));
        Assert.Throws<ArgumentException>(() => Penalty.WeightedL1([1.0]).Prox(Point, step: 1.0));
        Assert.Throws<ArgumentException>(() => Penalty.L0(1.0).Conjugate());
    }
}

public class ApgTests
{
    [Fact]
    public void OneStepFollowsTheEquations()
    {
        var l1 = Penalty.L1(1.0);
        var start = Apg.Start([1.0, 0.05]);
        var next = Apg.Step(start, [0.0, 0.0], step: 0.1, momentum: 0.9, l1);

        // λ = S(probe − ηg); the next probe is λ + μ(λ − λ before).
        Assert.Equal([0.9, 0.0], next.Iterate.ToArray().Select(x => Math.Round(x, 12)));
        Assert.Equal([0.81, -0.045], next.Probe.ToArray().Select(x => Math.Round(x, 12)));
        Assert.Equal([1.0, 0.05], start.Iterate.ToArray());
    }

    [Fact]
    public void FindsTheMinimiserOfALassoProblem()
    {
        // ½(x − 3)² + |x| has its minimum at 2; ½(y − 0.5)² + |y| at exactly 0.
        var l1 = Penalty.L1(1.0);
        var state = Apg.Start([0.0, 5.0]);
        for (var i = 0; i < 200; i++)
        {
            var probe = state.Probe.ToArray();
            state = Apg.Step(state, [probe[0] - 3.0, probe[1] - 0.5], step: 0.5, momentum: 0.5, l1);
        }

        Assert.Equal(2.0, state.Iterate.Span[0], 9);
        Assert.Equal(0.0, state.Iterate.Span[1]);
    }

    [Fact]
    public void AGradientOfAnotherLengthIsRefused() =>
        Assert.Throws<ArgumentException>(
            () => Apg.Step(Apg.Start([1.0]), [1.0, 2.0], step: 0.1, momentum: 0.9, Penalty.L1(1.0)));
}
