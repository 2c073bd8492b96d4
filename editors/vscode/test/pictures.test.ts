import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type * as vscode from "vscode";
import { NetworkPictures, themed } from "../src/pictures";
import { panels } from "./vscode";

const uri = (path: string) => ({ path, toString: () => "file://" + path }) as unknown as vscode.Uri;

test("a page takes the scheme of the editor", () => {
    const page = "a { x } @media (prefers-color-scheme: dark) { a { y } }";
    assert.equal(themed(page, true), "a { x } @media all { a { y } }");
    assert.equal(themed(page, false), "a { x } @media not all { a { y } }");
});

test("a picture follows what is typed, once for several changes", async () => {
    let drawn = 0;
    let text = "one";
    const pictures = new NetworkPictures(async () => {
        drawn++;
        return text;
    });
    await pictures.show(uri("/a/net.sss"));
    const panel = panels.at(-1)!;
    assert.equal(panel.title, "net.sss");
    assert.equal(panel.webview.html, "one");
    text = "two";
    for (let i = 0; i < 5; i++) pictures.changed(uri("/a/net.sss"));
    await wait(300);
    assert.equal(panel.webview.html, "two");
    assert.equal(drawn, 2);
});

test("the last picture stays while there is a mistake", async () => {
    let answer: string | undefined = "good";
    const pictures = new NetworkPictures(async () => answer);
    await pictures.show(uri("/b.sss"));
    const panel = panels.at(-1)!;
    answer = undefined;
    pictures.changed(uri("/b.sss"));
    await wait(300);
    assert.equal(panel.webview.html, "good");
});

test("a text has one picture, and none after it is closed", async () => {
    const pictures = new NetworkPictures(async () => "x");
    await pictures.show(uri("/c.sss"));
    const count = panels.length;
    await pictures.show(uri("/c.sss"));
    assert.equal(panels.length, count);
    assert.equal(panels.at(-1)!.revealed, 1);
    panels.at(-1)!.dispose();
    await pictures.show(uri("/c.sss"));
    assert.equal(panels.length, count + 1);
});
