using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Every public member is used by some test of this assembly.</summary>
public class CoverageTests
{
    /// <summary>What records get from the compiler, and what is called by way of <c>object</c>.</summary>
    private static readonly HashSet<string> OfRecords =
    [
        "Equals", "GetHashCode", "ToString", "Deconstruct", "op_Equality", "op_Inequality", "<Clone>$",
    ];

    /// <summary>The members of the facade that an assembly's code names, as <c>Type.Method</c>.</summary>
    private static HashSet<string> NamedIn(Assembly assembly)
    {
        using var stream = File.OpenRead(assembly.Location);
        using var file = new PEReader(stream);
        var metadata = file.GetMetadataReader();
        return
        [
            .. from handle in metadata.MemberReferences
               let member = metadata.GetMemberReference(handle)
               where member.Parent.Kind == HandleKind.TypeReference
               let type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent)
               where metadata.GetString(type.Namespace) is "Sss" or "Sss.Serving"
               select $"{metadata.GetString(type.Name)}.{metadata.GetString(member.Name)}",
        ];
    }

    /// <summary>What a test has to name: of a property one accessor, of an overloaded method one overload.</summary>
    private static IEnumerable<(string Member, string[] Names)> Members(Type type)
    {
        const BindingFlags Public =
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        if (type.IsEnum)
        {
            // Constants leave no trace in code.
            yield break;
        }

        foreach (var property in type.GetProperties(Public))
        {
            yield return ($"{type.Name}.{property.Name}", [.. property.GetAccessors().Select(a => $"{type.Name}.{a.Name}")]);
        }

        foreach (var method in type.GetMethods(Public))
        {
            if (!OfRecords.Contains(method.Name) && !(method.IsSpecialName && method.Name[..4] is "get_" or "set_"))
            {
                yield return ($"{type.Name}.{method.Name}", [$"{type.Name}.{method.Name}"]);
            }
        }
    }

    internal static IReadOnlyList<string> Untouched(Assembly facade, Assembly tests)
    {
        var named = NamedIn(tests);
        return
        [
            .. facade.GetExportedTypes()
                .SelectMany(Members)
                .Where(m => !m.Names.Any(named.Contains))
                .Select(m => m.Member)
                .Distinct(),
        ];
    }

    [Fact]
    public void EveryPublicMemberIsUsedByATest()
    {
        var untouched = Untouched(typeof(Network).Assembly, typeof(CoverageTests).Assembly);
        Assert.True(untouched.Count == 0, $"no test uses {string.Join(", ", untouched)}");
    }

    [Fact]
    public void TheCheckWouldFindAMemberThatNoTestUses() =>
        Assert.Contains("Network.Parse", Untouched(typeof(Network).Assembly, typeof(Assert).Assembly));

    [Fact]
    public void TheListedSurfaceIsTheOneThatIsChecked()
    {
        var listed = File.ReadLines(Repository.File("src", "Sss.CSharp", "PublicAPI.Unshipped.txt"))
            .Concat(File.ReadLines(Repository.File("src", "Sss.CSharp", "PublicAPI.Shipped.txt")))
            .Where(line => line.StartsWith("Sss.") && !line.Contains('(') && !line.Contains("->") && !line.Contains(' '))
            .Distinct();

        Assert.Equal(
            typeof(Network).Assembly.GetExportedTypes().Select(t => t.FullName!).Order(StringComparer.Ordinal),
            listed.Order(StringComparer.Ordinal));
    }
}
