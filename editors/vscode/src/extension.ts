// The extension: starts the language server, and has what an editor shows beside a text.
import * as path from "node:path";
import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";
import { themed, NetworkPictures } from "./pictures";

let client: LanguageClient | undefined;

/** The program and its arguments, from the settings. */
function command(): string {
    return vscode.workspace.getConfiguration("sss").get<string>("path", "sss");
}

function serverOptions(): ServerOptions {
    return { command: command(), args: ["lsp"] };
}

function clientOptions(): LanguageClientOptions {
    const hints = vscode.workspace.getConfiguration("sss.inlayHints");
    return {
        documentSelector: [{ language: "sss" }],
        synchronize: { configurationSection: "sss" },
        initializationOptions: {
            commands: ["sss.train", "sss.openReport", "sss.showNetwork"],
            inlayHints: { shapes: hints.get("shapes", true), macs: hints.get("macs", true) },
        },
    };
}

/** The folder that runs of a text go into. */
function runFolder(file: vscode.Uri): string {
    return path.join(path.dirname(file.fsPath), "runs", path.basename(file.fsPath, ".sss"));
}

/** A word of a command line, quoted where a shell would take it apart. */
function quoted(word: string): string {
    return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

/** Trains the network of a text in a terminal. */
async function train(address?: string): Promise<void> {
    const file = textOf(address);
    if (!file) return;
    const data = await vscode.window.showInputBox({
        title: "sss train",
        prompt: "Data: digits, fashion-mnist, idx:DIR, cifar10:DIR, cifar100:DIR, folder:DIR or npz:FILE",
        value: "digits",
    });
    if (!data) return;
    const words = [command(), "train", file.fsPath, "--data", data, "--out", runFolder(file)];
    const terminal = vscode.window.createTerminal("sss train");
    terminal.show();
    terminal.sendText(words.map(quoted).join(" "));
}

/** Opens the report of the last run of a text. */
async function openReport(address?: string): Promise<void> {
    const file = textOf(address);
    if (!file) return;
    const report = vscode.Uri.file(path.join(runFolder(file), "report.html"));
    try {
        await vscode.workspace.fs.stat(report);
        await vscode.env.openExternal(report);
    } catch {
        void vscode.window.showInformationMessage(`There is no report in ${runFolder(file)} yet. Train first.`);
    }
}

/** The text of an address, or of the editor in front. */
function textOf(address?: string): vscode.Uri | undefined {
    if (address) return vscode.Uri.parse(address);
    const document = vscode.window.activeTextEditor?.document;
    return document?.languageId === "sss" ? document.uri : undefined;
}

/** Ends the server, if there is one; one that could not start cannot be stopped either. */
async function stop(): Promise<void> {
    if (client?.isRunning()) await client.stop();
}

async function restart(): Promise<void> {
    await stop();
    client = new LanguageClient("sss", "sss", serverOptions(), clientOptions());
    try {
        await client.start();
    } catch {
        void vscode.window.showErrorMessage(
            `'${command()} lsp' could not be started. Set "sss.path" to the sss program.`,
        );
    }
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
    const pictures = new NetworkPictures(async (uri) => {
        if (!client?.isRunning()) return undefined;
        const answer = await client.sendRequest<{ html: string } | null>("sss/picture", {
            textDocument: { uri },
        });
        return answer ? themed(answer.html, isDark()) : undefined;
    });

    const isDark = () =>
        vscode.window.activeColorTheme.kind === vscode.ColorThemeKind.Dark ||
        vscode.window.activeColorTheme.kind === vscode.ColorThemeKind.HighContrast;

    context.subscriptions.push(
        pictures,
        vscode.commands.registerCommand("sss.train", train),
        vscode.commands.registerCommand("sss.openReport", openReport),
        vscode.commands.registerCommand("sss.showNetwork", (address?: string) => {
            const uri = textOf(address);
            if (uri) return pictures.show(uri);
        }),
        vscode.commands.registerCommand("sss.restartServer", restart),
        vscode.workspace.onDidChangeTextDocument((e) => pictures.changed(e.document.uri)),
        vscode.window.onDidChangeActiveColorTheme(() => pictures.redraw()),
        vscode.workspace.onDidChangeConfiguration((e) => {
            if (e.affectsConfiguration("sss.path")) void restart();
        }),
    );
    await restart();
}

export async function deactivate(): Promise<void> {
    await stop();
}
