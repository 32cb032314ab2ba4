// Checks what `pacemark serve` shows of the runs below a folder, and of one that goes on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { faint } from "./contrast.mjs";
import { opener } from "./page.mjs";
import { perform } from "./perform.mjs";

const [, , executablePath, results, out, pacemark, scenario] = process.argv;
const LONGEST_WAIT_MS = 30_000;

/** Starts the program; resolves with it once its stderr matches `said`. */
const started = (args, said) => new Promise((resolve, reject) => {
  const child = spawn(pacemark, args, { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  const timer = setTimeout(() => { child.kill(); reject(new Error(`${args[0]} says only: ${text}`)); }, LONGEST_WAIT_MS);
  child.stderr.on("data", (piece) => {
    text += piece;
    const found = said.exec(text);
    if (found) { clearTimeout(timer); resolve({ child, found }); }
  });
});

const server = await started(["serve", results, "--listen", "127.0.0.1:0"], /http:\/\/[0-9.:]+\//);
const origin = server.found[0];
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

const openAt = opener(browser, (asked) => asked.startsWith(origin));
const open = (path, options) => openAt(origin + path, options);

const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

const tests = {
  async "the runs of the folder are listed, found and opened"() {
    for (const colorScheme of ["light", "dark"]) {
      const { page, troubles, close } = await open("", { colorScheme });
      assert.equal(await page.locator("#runs tbody tr").count(), 2);
      assert.deepEqual(await faint(page), [], `contrast in ${colorScheme}`);
      await page.locator("#find").fill("no such run");
      assert.equal(await page.locator("#runs tbody tr:visible").count(), 0);
      await page.locator("#find").fill("");
      await page.screenshot({ path: join(out, `list-${colorScheme}.png`), fullPage: true });
      await page.locator("#runs tbody th a").first().click();
      await page.locator("#summary tbody tr").first().waitFor();
      assert.deepEqual(troubles, []);
      await close();
    }
  },

  async "runs that are marked with the keyboard come in one page"() {
    const { page, troubles, close } = await open("");
    assert.ok(await page.locator("#together").isDisabled());
    for (const at of [0, 1]) {
      await page.locator("#runs input[type=checkbox]").nth(at).focus();
      await page.keyboard.press("Space");
    }
    await page.locator("#together").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/together\?run=.*run=/);
    // Charts are drawn when they come into sight.
    await page.locator("figure.chart").first().scrollIntoViewIfNeeded();
    await page.locator("figure.chart canvas").first().waitFor();
    assert.deepEqual(troubles, []);
    await close();
  },

  async "a phone shows the list without scrolling sideways"() {
    const { page, troubles, close } = await open("", { viewport: { width: 390, height: 844 } });
    assert.ok(await sideways(page) <= 0);
    assert.deepEqual(troubles, []);
    await close();
  },

  async "a run that goes on is followed until it is over"() {
    const args = ["run", scenario, "--workload", "chat", "--no-preflight", "-o", results, "--quiet"];
    const ended = new Promise((resolve) => {
      const child = spawn(pacemark, args, { stdio: "ignore" });
      child.on("exit", resolve);
    });
    const { page, troubles, close } = await open("", { colorScheme: "dark" });
    for (let at = 0; at < 40 && await page.locator('tr[data-state="running"] a').count() === 0; at += 1) {
      await page.waitForTimeout(250);
      await page.reload();
    }
    await page.locator('tr[data-state="running"] th a').click();
    await page.waitForURL(/\/live$/);
    await page.locator("#now tr").first().waitFor({ timeout: LONGEST_WAIT_MS });
    await page.waitForTimeout(2_500);
    const drawn = await page.locator("figure.chart canvas").evaluateAll((all) => all.map((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let found = 0;
      for (let at = 3; at < data.length; at += 4) found += data[at] > 60 ? 1 : 0;
      return found;
    }));
    assert.equal(drawn.length, 4);
    for (const pixels of drawn) assert.ok(pixels > 200, `${drawn}`);
    assert.deepEqual(await faint(page), []);
    await page.screenshot({ path: join(out, "live-dark.png"), fullPage: true });
    await page.locator("#state a").waitFor({ timeout: 3 * LONGEST_WAIT_MS });
    await ended;
    await page.locator("#state a").click();
    await page.locator("#summary tbody tr").first().waitFor();
    assert.deepEqual(troubles, []);
    await close();
  },
};

await perform(tests, browser, out);
server.child.kill();
