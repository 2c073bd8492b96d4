// Drives the extension in VS Code in a browser, as code-server serves it, and takes screenshots.
// editors/vscode/README.md says how to set it up.
//
//     node bench/vscode.mjs ADDRESS FOLDER CHROMIUM SCREENSHOTS
//
// FOLDER is open in code-server and may be written to; `puppeteer-core` must be installed where this runs.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const puppeteer = createRequire(path.join(process.cwd(), "x.js"))("puppeteer-core");
const [address, folder, chromium, screenshots] = process.argv.slice(2);
const right = `network Net {
  input 1x28x28
  classes 10
  def basic(width, stride = 1) {
    residual @scale(block) {
      conv width 3x3 stride=stride;   bn @scale(neuron); relu
      conv width 3x3; bn
    } shortcut auto
    relu
  }

  conv 16 3x3; bn; relu
  basic 32 stride=2
  avgpool global
  dense classes
}
`;
fs.mkdirSync(screenshots, { recursive: true });
fs.writeFileSync(path.join(folder, "right.sss"), right);
fs.writeFileSync(path.join(folder, "wrong.sss"), right.replace("conv 16", "cnov 16"));

const browser = await puppeteer.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-gpu"],
    defaultViewport: { width: 1500, height: 900 },
});
const page = await browser.newPage();
await page.goto(`${address}/?folder=${folder}`, { waitUntil: "domcontentloaded" });

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const shot = (name) => page.screenshot({ path: path.join(screenshots, `${name}.png`) });

/** Waits until something is true, for a minute at most. */
async function until(what, look) {
    for (const start = Date.now(); Date.now() - start < 60000; await pause(20)) if (await look()) return;
    throw new Error(`${what}: not after a minute`);
}

async function chord(...keys) {
    for (const key of keys) await page.keyboard.down(key);
    for (const key of keys.reverse()) await page.keyboard.up(key);
}

async function open(file) {
    const entry = `.explorer-folders-view .monaco-list-row[aria-label*="${file}"]`;
    await (await page.waitForSelector(entry, { timeout: 60000 })).click({ count: 2 });
    await page.waitForSelector(`.tab[aria-label*="${file}"]`);
    await pause(1000);
}

async function command(title) {
    await page.keyboard.press("F1");
    await pause(800);
    await page.keyboard.type(title);
    const row = ".quick-input-list .monaco-list-row";
    await until(title, () => page.$$eval(row, (rows, t) => rows.some((r) => r.textContent.includes(t)), title));
    await pause(500);
    await page.keyboard.press("Enter");
    await pause(1000);
}

async function goTo(line, column) {
    await chord("Control", "g");
    await pause(500);
    await page.keyboard.type(`${line}:${column}`);
    await page.keyboard.press("Enter");
    await pause(400);
}

const text = () =>
    page.$$eval(".editor-group-container .view-line", (lines) =>
        lines
            .map((l) => [parseInt(l.style.top), l.textContent.replaceAll("\u00a0", " ")])
            .sort((a, b) => a[0] - b[0])
            .map(([, words]) => words)
            .join("\n"),
    );

/** The second line of the picture's page: what the network costs. */
async function pictured() {
    for (const frame of page.frames()) {
        try {
            const found = await frame.evaluate(() => document.querySelector("h1 + p")?.textContent);
            if (found) return found;
        } catch {
            // The frame was replaced in the meantime.
        }
    }
    return "";
}

await open("wrong.sss");
await until("a mistake is underlined", () => page.$(".squiggly-error"));
await shot("1-mistake");
await goTo(12, 4);
await chord("Control", ".");
await until("a fix", async () =>
    (await page.$$eval(".action-widget", (all) => all.map((a) => a.textContent).join())).includes("Change to `conv`"),
);
await shot("2-fix");
await page.keyboard.press("Enter");
await until("the fix", async () => !(await page.$(".squiggly-error")));

await open("right.sss");
await pause(3000);
await command("Sss: Show network");
await until("a picture", pictured);
const before = await pictured();
await (await page.$(".editor-group-container .view-line")).click();
await goTo(13, 11);
await page.keyboard.press("Backspace");
await page.keyboard.press("Backspace");
await page.keyboard.type("64");
const typed = Date.now();
await until("the picture follows", async () => (await pictured()) !== before && /65 factors/.test(await pictured()));
console.log(`the picture followed after ${Date.now() - typed} ms: ${await pictured()}`);
await shot("3-picture");

await goTo(13, 3);
await page.keyboard.press("F2");
await pause(1500);
await chord("Control", "a");
await page.keyboard.type("stage");
await page.keyboard.press("Enter");
await until("a rename", async () => (await text()).split("stage").length === 3);
await command("Format Document");
await until("a format", async () => /; bn @scale/.test(await text()));
await shot("4-renamed");
console.log("underlined, fixed, drawn, renamed, formatted");
await browser.close();
