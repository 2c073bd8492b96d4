// The extension as it is packed, with the server that is built.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { test } = require("node:test");
const { create } = require("./editor.cjs");

const root = path.join(__dirname, "..", "..", "..");
const built = path.join(root, "build", "out", "sss", process.platform === "win32" ? "sss.exe" : "sss");
const bundle = path.join(__dirname, "..", "dist", "extension.js");
const text = fs.readFileSync(path.join(root, "examples", "digits.sss"), "utf8");

async function start(program) {
    const { vscode, seen } = create(program, text);
    const load = Module._load;
    Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));
    delete require.cache[bundle];
    const extension = require(bundle);
    await extension.activate({ subscriptions: [] });
    Module._load = load;
    return { extension, seen };
}

test("it starts the server and draws", { skip: !fs.existsSync(built) && "sss is not built" }, async () => {
    const { extension, seen } = await start(built);
    assert.deepEqual(seen.errors, []);
    await seen.commands["sss.showNetwork"]("file:///net.sss");
    assert.equal(seen.pages.length, 1);
    assert.match(seen.pages[0], /<h1>Digits<\/h1>/);
    assert.match(seen.pages[0], /@media all/);
    await seen.commands["sss.restartServer"]();
    await extension.deactivate();
    assert.deepEqual(seen.errors, []);
});

test("it says what to do where there is no server", async () => {
    const { extension, seen } = await start("/no/such/sss");
    assert.match(seen.errors.at(-1), /Set "sss.path" to the sss program/);
    await seen.commands["sss.showNetwork"]("file:///net.sss");
    assert.deepEqual(seen.pages, []);
    await extension.deactivate();
});
