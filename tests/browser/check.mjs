// Checks the pages of the runs below a folder in a browser; `run` beside it says what and how.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { faint } from "./contrast.mjs";
import { opener } from "./page.mjs";
import { perform } from "./perform.mjs";

const [, , executablePath, results, out] = process.argv;
const folder = join(results, readdirSync(results).filter((name) => /^\d{8}T/.test(name)).sort()[0]);
const result = JSON.parse(readFileSync(join(folder, "result.json"), "utf8"));
const one = `file://${encodeURI(join(folder, "report.html")).replaceAll("#", "%23")}`;
const several = `file://${join(results, "several.html")}`;

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

const open = opener(browser, (asked, url) => asked === url);

/** Brings every part of the page into sight, and every chart onto it. */
const scroll = async (page) => {
  await page.evaluate(async () => {
    document.querySelectorAll("details.block").forEach((block) => { block.open = true; });
    for (let y = 0; y < document.body.scrollHeight; y += 400) {
      scrollTo({ top: y, behavior: "instant" });
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 10)));
    }
    scrollTo({ top: 0, behavior: "instant" });
  });
};

/** How many pixels of each chart are drawn in the colours of lines. */
const colored = (page) => page.evaluate(() => {
  const canvas = document.createElement("canvas").getContext("2d");
  const rgb = (color) => {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const style = getComputedStyle(document.documentElement);
  const lines = JSON.parse(document.getElementById("data").textContent).lines;
  const wanted = lines.map((_, at) => rgb(style.getPropertyValue(`--s${at % 8}`)));
  return [...document.querySelectorAll("figure.chart")].map((figure) => {
    const drawn = figure.querySelector("canvas");
    if (!drawn) return [figure.innerText, 0];
    const { data } = drawn.getContext("2d").getImageData(0, 0, drawn.width, drawn.height);
    let found = 0;
    for (let at = 0; at < data.length; at += 4) {
      const near = (color) => [0, 1, 2].every((part) => Math.abs(color[part] - data[at + part]) < 12);
      if (data[at + 3] > 60 && wanted.some(near)) found += 1;
    }
    return [figure.querySelector("figcaption").innerText, found];
  });
});

const tests = {
  async "charts have drawn, without an error or a request, in light and in dark"() {
    for (const url of [one, several]) {
      for (const colorScheme of ["light", "dark"]) {
        const { page, troubles, close } = await open(url, { colorScheme });
        await scroll(page);
        const charts = await colored(page);
        assert.ok(charts.length >= 20, `${charts.length} charts`);
        for (const [title, pixels] of charts) {
          // What failed lies at 0 for the server that never fails, so a line may hide another.
          assert.ok(pixels > 30, `${title}: ${pixels} pixels in ${colorScheme}`);
        }
        assert.deepEqual(await faint(page), [], `contrast in ${colorScheme}`);
        assert.deepEqual(troubles, []);
        await page.screenshot({ path: join(out, `${url === one ? "one" : "several"}-${colorScheme}.png`), fullPage: true });
        await close();
      }
    }
  },

  async "names and messages stay text"() {
    const { page, troubles, close } = await open(one);
    assert.equal(await page.locator("h1").innerText(), result.name);
    assert.equal(await page.locator("img, b:not(.readout b), script:not(#data):not(:last-of-type)").count(), 0);
    const names = await page.locator("#summary tbody th").allInnerTexts();
    for (const backend of result.backends) assert.ok(names.includes(backend.name), backend.name);
    assert.deepEqual(troubles, []);
    await close();
  },

  async "the tables of percentiles hold the values of result.json"() {
    const { page, close } = await open(one);
    const blocks = await page.locator("details.block:has(.percentiles)").evaluateAll((all) => all.map((block) => ({
      title: block.querySelector("h3").textContent,
      heads: [...block.querySelectorAll(".percentiles thead th")].map((head) => head.textContent),
      rows: [...block.querySelectorAll(".percentiles tbody tr")].map((row) => ({
        backend: row.querySelector("th").textContent,
        metric: row.querySelector("td").textContent,
        values: [...row.querySelectorAll("td")].slice(1).map((cell) => Number(cell.dataset.value)),
      })),
    })));
    let compared = 0;
    for (const block of blocks) {
      const cells = result.cells.filter((cell) => block.title.startsWith(`${cell.workload}`) && block.title.endsWith(cell.stage));
      for (const row of block.rows) {
        const cell = cells.find((candidate) => candidate.backend === row.backend);
        const of = Object.values(cell.distributions).find((figures) =>
          figures.count === row.values[0] && figures.mean === row.values[1] && figures.stddev === row.values[2]);
        assert.ok(of, `${block.title}, ${row.backend}, ${row.metric}`);
        block.heads.slice(2).forEach((name, at) => {
          const expected = of.percentiles[name] ?? of[name];
          assert.equal(row.values[at], expected, `${block.title}, ${row.metric} ${name}`);
          compared += 1;
        });
      }
    }
    assert.ok(compared > 500, `${compared} values`);
    await close();
  },

  async "the keyboard reaches and reads everything"() {
    const { page, troubles, close } = await open(one);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
    await scroll(page);

    const tabTo = async (selector) => {
      for (let at = 0; at < 400; at += 1) {
        await page.keyboard.press("Tab");
        if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
      }
      assert.fail(`${selector} is not reached`);
    };
    await tabTo('[data-key="rate"] .drawn');
    await page.keyboard.press("ArrowRight");
    const first = await page.locator('[data-key="rate"] .readout').innerText();
    assert.match(first, /req\/s/);
    assert.match(await page.locator("#said").textContent(), /req\/s/);
    await page.keyboard.press("End");
    assert.notEqual(await page.locator('[data-key="rate"] .readout').innerText(), first);

    await tabTo('[data-key="rate"] summary');
    await page.keyboard.press("Enter");
    await page.locator('[data-key="rate"] .behind tbody tr:nth-child(6)').waitFor();

    await tabTo('[data-choice="0"] button:nth-child(2)');
    await page.keyboard.press("Space");
    assert.equal(await page.locator('[data-choice="0"] [aria-pressed="true"]').count(), 1);
    const chosen = await page.locator('[data-choice="0"] [aria-pressed="true"]').innerText();
    assert.match(await page.locator('[data-chart="spectrum"][data-place="0"] figcaption').innerText(), new RegExp(`^${chosen} `));
    assert.deepEqual(troubles, []);
    await close();
  },

  async "the mouse reads values and zooms"() {
    const { page, close } = await open(one);
    await scroll(page);
    const chart = page.locator('[data-key="in_flight"] .u-over');
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + box.width / 3, box.y + 60);
    assert.match(await page.locator('[data-key="in_flight"] .readout').innerText(), /requests/);
    const axis = () => page.evaluate(() => document.querySelector('[data-key="in_flight"] canvas').toDataURL());
    const before = await axis();
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 1.5, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.waitForTimeout(50);
    assert.notEqual(await axis(), before);
    await close();
  },

  async "what is dark turns light and back"() {
    const { page, close } = await open(one, { colorScheme: "dark" });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    await page.locator("#theme").click();
    assert.notEqual(await background(), dark);
    await page.locator("#theme").click();
    assert.equal(await background(), dark);
    await close();
  },

  async "a phone shows all of it without scrolling sideways"() {
    const { page, troubles, close } = await open(one, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
    await scroll(page);
    const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= inner, `${wide} of ${inner}`);
    for (const [title, pixels] of await colored(page)) assert.ok(pixels > 30, `${title}: ${pixels}`);
    assert.deepEqual(troubles, []);
    await page.screenshot({ path: join(out, "one-phone.png"), fullPage: true });
    await close();
  },

  async "paper gets every chart and no buttons"() {
    const { page, troubles, close } = await open(one, { colorScheme: "dark" });
    const pdf = await page.pdf({ path: join(out, "one.pdf"), format: "A4", printBackground: true });
    assert.ok(pdf.length > 50_000, `${pdf.length} bytes`);
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("nav").isVisible(), false);
    assert.deepEqual(troubles, []);
    await close();
  },

  async "without scripts the tables still stand"() {
    const { page, close } = await open(one, { javaScriptEnabled: false });
    assert.ok(await page.locator("#summary tbody tr").count() >= 12);
    assert.ok(await page.locator("noscript p").isVisible());
    await close();
  },
};

await perform(tests, browser, out);
