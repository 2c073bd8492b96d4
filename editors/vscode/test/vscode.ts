// As much of the editor as the pictures use.
type Handler = () => void;

export const panels: FakePanel[] = [];

export class FakePanel {
    webview = { html: "" };
    revealed = 0;
    private gone: Handler[] = [];

    constructor(readonly title: string) {}
    reveal() {
        this.revealed++;
    }
    onDidDispose(handler: Handler) {
        this.gone.push(handler);
    }
    dispose() {
        for (const handler of this.gone) handler();
    }
}

export const ViewColumn = { Beside: -2 };

export const window = {
    createWebviewPanel(_type: string, title: string) {
        const panel = new FakePanel(title);
        panels.push(panel);
        return panel;
    },
};
