// As much of Visual Studio Code as the client library asks for when it starts: what is not named here is there
// and does nothing.
const nothing = () => ({ dispose() {} });
const lenient = (own) => new Proxy(own, { get: (all, name) => (name in all ? all[name] : nothing) });

class Uri {
    static parse(text) {
        return Object.assign(new Uri(), { text, scheme: "file", path: text.replace("file://", "") });
    }
    get fsPath() {
        return this.path;
    }
    toString() {
        return this.text;
    }
}

class EventEmitter {
    handlers = [];
    event = (handler) => {
        this.handlers.push(handler);
        return nothing();
    };
    fire(value) {
        for (const handler of this.handlers) handler(value);
    }
    dispose() {}
}

class Disposable {
    static from = nothing;
    dispose() {}
}

class CancellationTokenSource {
    token = { isCancellationRequested: false, onCancellationRequested: nothing };
    cancel() {}
    dispose() {}
}

/** An editor with one open text; `seen` collects what it shows. */
exports.create = (program, text) => {
    const seen = { commands: {}, pages: [], errors: [] };
    const document = { uri: Uri.parse("file:///net.sss"), languageId: "sss", version: 1, getText: () => text };
    const named = {
        Uri,
        EventEmitter,
        Disposable,
        CancellationTokenSource,
        version: "1.90.0",
        env: lenient({ appName: "test", language: "en" }),
        CodeActionKind: new Proxy({}, { get: (_, name) => ({ value: String(name), append: () => ({}) }) }),
        ColorThemeKind: { Dark: 2, HighContrast: 3 },
        ViewColumn: { Beside: -2 },
        commands: lenient({ registerCommand: (name, run) => ((seen.commands[name] = run), nothing()) }),
        languages: lenient({ match: () => 10, createDiagnosticCollection: () => lenient({}) }),
        window: lenient({
            activeColorTheme: { kind: 2 },
            visibleTextEditors: [],
            createOutputChannel: () => lenient({}),
            showErrorMessage: (message) => seen.errors.push(message),
            createWebviewPanel: () =>
                lenient({ webview: { set html(page) { seen.pages.push(page); } } }),
        }),
        workspace: lenient({
            textDocuments: [document],
            notebookDocuments: [],
            workspaceFolders: undefined,
            getConfiguration: () => ({ get: (name, fallback) => (name === "path" ? program : fallback) }),
        }),
    };
    const vscode = new Proxy(named, {
        get: (all, name) => (name in all ? all[name] : /^[A-Z]/.test(String(name)) ? class {} : undefined),
        has: () => true,
    });
    return { vscode, seen };
};
