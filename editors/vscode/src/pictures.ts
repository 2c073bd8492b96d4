// Pictures of networks beside their texts, which follow what is typed.
import * as vscode from "vscode";

/** A page in the light or the dark scheme of the editor, whatever the system's is. */
export function themed(html: string, dark: boolean): string {
    return html.replaceAll("@media (prefers-color-scheme: dark)", dark ? "@media all" : "@media not all");
}

/** How long to wait after a change before drawing again, in milliseconds. */
const pause = 120;

interface Shown {
    panel: vscode.WebviewPanel;
    timer?: ReturnType<typeof setTimeout>;
}

/** The open pictures, one a text. */
export class NetworkPictures implements vscode.Disposable {
    private readonly open = new Map<string, Shown>();

    /** `draw`: the page of a text; undefined while there is a mistake in it, and the last page stays. */
    constructor(private readonly draw: (uri: string) => Promise<string | undefined>) {}

    async show(uri: vscode.Uri): Promise<void> {
        const key = uri.toString();
        const known = this.open.get(key);
        if (known) {
            known.panel.reveal();
            return;
        }
        const name = uri.path.split("/").pop() ?? "network";
        const panel = vscode.window.createWebviewPanel(
            "sss.network",
            name,
            { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
            { enableFindWidget: true },
        );
        this.open.set(key, { panel });
        panel.onDidDispose(() => {
            clearTimeout(this.open.get(key)?.timer);
            this.open.delete(key);
        });
        await this.update(key);
    }

    changed(uri: vscode.Uri): void {
        const key = uri.toString();
        const shown = this.open.get(key);
        if (!shown) return;
        clearTimeout(shown.timer);
        shown.timer = setTimeout(() => void this.update(key), pause);
    }

    redraw(): void {
        for (const key of this.open.keys()) void this.update(key);
    }

    private async update(key: string): Promise<void> {
        const html = await this.draw(key);
        const shown = this.open.get(key);
        if (html !== undefined && shown) shown.panel.webview.html = html;
    }

    dispose(): void {
        for (const shown of this.open.values()) shown.panel.dispose();
    }
}
