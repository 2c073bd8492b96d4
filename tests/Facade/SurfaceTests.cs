using System.Reflection;
using Xunit;

namespace Sss.Facade.Tests;

/// <summary>What the public surface may show.</summary>
public class SurfaceTests
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly Facade = typeof(Network).Assembly;

    /// <summary>A user's own view of a member: public, or protected in a class that can be derived from.</summary>
    private static bool IsVisible(MethodBase method) =>
        method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed);

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType
            ? Parts(type.GetElementType()!)
            : type.IsGenericType
                ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition())
                : [type];

    internal static IEnumerable<string> Leaks(IEnumerable<Type> types, Func<Type, bool> forbidden) =>
        from type in types
        from shown in Shown(type)
        from part in Parts(shown.Type)
        where forbidden(part)
        select $"{type.Name}.{shown.Member}: {part.FullName}";

    private static IEnumerable<(string Member, Type Type)> Shown(Type type) =>
        type.GetMethods(All).Where(IsVisible)
            .SelectMany(m => m.GetParameters().Select(p => (m.Name, p.ParameterType)).Append((m.Name, m.ReturnType)))
            .Concat(type.GetConstructors(All).Where(IsVisible)
                .SelectMany(c => c.GetParameters().Select(p => (".ctor", p.ParameterType))))
            .Concat(type.GetFields(All).Where(f => f.IsPublic).Select(f => (f.Name, f.FieldType)))
            .Concat(type.GetInterfaces().Select(i => ("interface", i)))
            .Concat(type.BaseType is { } b ? [("base", b)] : []);

    private static bool IsForeign(Type type) =>
        type.Assembly.GetName().Name is "FSharp.Core" or "TorchSharp"
        || (type.Assembly.GetName().Name!.StartsWith("Sss.") && type.Assembly != Facade);

    [Fact]
    public void NoTypeOfTheCoreOrOfFSharpIsShown() =>
        Assert.Empty(Leaks(Facade.GetExportedTypes(), IsForeign));

    [Fact]
    public void TheCheckWouldFindALeak() =>
        Assert.Contains(
            "Leaky.Where: System.Reflection.Assembly",
            Leaks([typeof(Leaky)], t => t == typeof(Assembly)));

    [Fact]
    public void EveryPublicClassIsSealedOrStatic() =>
        Assert.Empty(Facade.GetExportedTypes().Where(t => t.IsClass && !t.IsSealed).Select(t => t.Name));

    [Fact]
    public void EveryPublicTypeIsInTheOneNamespace() =>
        Assert.All(Facade.GetExportedTypes(), t => Assert.Equal("Sss", t.Namespace));

    private sealed class Leaky
    {
        public static IReadOnlyList<Assembly[]> Where() => [];
    }
}
