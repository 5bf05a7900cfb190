/*
 * Goal: the report works in a real browser: nothing fails, nothing is fetched, nothing sticks out, and it can be used by all.
 *
 * Method: one page of everything (html.sample.ts), opened from a file as a reader would, at the width of a phone and of a
 * desk, light and dark; axe-core looks for what keeps people out.  Its twin, a page with faults, must be told
 * of, or a check that looks at nothing would pass.  Screenshots are left in a folder that is named at the end.
 */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insideOf } from '../../src/mdb/inside.ts';
import { readRun } from '../../src/report/model.ts';
import { renderHtml } from '../../src/report/html.ts';
import { benchPage } from '../../src/report/html/bench.ts';
import { readFigures } from '../../src/run/figures.ts';
import { benchOf } from '../report/bench.sample.ts';
import { resultsOf, sampleRun, summaryOf, trialOf } from '../report/html.sample.ts';
import { chromium } from './chromium.ts';

const program = chromium();
const folder = mkdtempSync(join(tmpdir(), 'gridlock-browser-'));
const file = join(folder, 'report.html');
const WIDTHS = [390, 1440];
/** Whether the table at the top is wider than its place. */
const CUT =
  '(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)(document.querySelector(".scroll"))';
const SCHEMES = ['light', 'dark'] as const;

if (program === undefined)
  process.stdout.write('no Chromium, and none could be installed: nothing is tested here\n');

describe.skipIf(program === undefined)('the report in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(file, await renderHtml(readRun(sampleRun()), { lookInto: insideOf }));
    browser = await playwright.launch({
      executablePath: program!,
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  });

  afterAll(async () => {
    await browser.close();
    process.stdout.write(`screenshots: ${folder}\n`);
  });

  for (const width of WIDTHS) {
    test.for(SCHEMES)(`at ${width} pixels, %s`, async (colorScheme) => {
      const { page, said, asked } = await opened(width, colorScheme);
      await page.screenshot({ path: join(folder, `${width}-${colorScheme}.png`), fullPage: true });
      expect(said).toEqual([]);
      expect(asked.filter((url) => !/^(?:file|data):/.test(url))).toEqual([]);
      expect(await page.locator('table.verdicts tbody tr').count()).toBe(4);
      expect(await page.locator('.graph svg g.node').count()).toBeGreaterThan(4);
      expect(await page.locator('.lane rect').count()).toBeGreaterThan(4);
      expect(await page.locator('.curve svg path.line').count()).toBe(1);
      // Nothing makes the page itself wider than the screen.
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      // Nor is the table at the top cut.
      expect(await page.evaluate(CUT)).toBe(false);
      expect(await faultsOf(page)).toEqual([]);
      await page.close();
    });
  }

  for (const width of WIDTHS) {
    test.for(SCHEMES)(`the page of a bench at ${width} pixels, %s`, async (colorScheme) => {
      const bench = join(folder, 'bench.html');
      writeFileSync(bench, benchPage({ ...readFigures(benchOf()), id: 'made', isDone: true }));
      const { page, said, asked } = await opened(width, colorScheme, bench);
      await page.screenshot({
        path: join(folder, `bench-${width}-${colorScheme}.png`),
        fullPage: true,
      });
      expect(said).toEqual([]);
      expect(asked.filter((url) => !/^(?:file|data):/.test(url))).toEqual([]);
      expect(await page.locator('.chart svg path.dots').count()).toBe(4);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(await faultsOf(page)).toEqual([]);
      await page.close();
    });
  }

  test('names that are no names do not run, and do not stick out', async () => {
    const nasty = '</script><img src=x onerror=alert(1)>\u202e\u05e9\u{1f512}';
    const long = 'x'.repeat(10_240);
    const given = { workload: long, variant: nasty, strategy: nasty };
    const trial = trialOf({
      ...given,
      message: long,
      because: [nasty],
      replay: long,
      outcomes: { [long]: 1 },
    });
    const summary = summaryOf({ ...given, declared: long, verdicts: { [long]: 1 } });
    const other = join(folder, 'nasty.html');
    writeFileSync(other, await renderHtml(readRun(resultsOf([trial, summary]))));
    const { page, said } = await opened(390, 'light', other);
    await page.screenshot({ path: join(folder, 'nasty.png') });
    expect(said).toEqual([]);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.close();
  });

  test('paper gets all of it', async () => {
    // A4 with the margins that Chromium leaves.
    const { page } = await opened(700, 'light');
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate(CUT)).toBe(false);
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await page.locator('details:not([open])').count()).toBe(0);
    await page.screenshot({ path: join(folder, 'print.png'), fullPage: true });
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    expect(await page.locator('details:not([open])').count()).toBeGreaterThan(0);
    await page.close();
  });

  test('the keyboard reaches the skip link first, and the theme sticks', async () => {
    const { page } = await opened(1440, 'light');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    const toggle = page.getByRole('button', { name: /^Theme/ });
    await toggle.press('Enter');
    await toggle.press('Enter');
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
      'rgb(22, 24, 26)',
    );
    await page.close();
  });

  test('a button copies the command', async () => {
    const { page } = await opened(1440, 'light');
    const box = page.locator('.copyable', { hasText: '--schedule' }).first();
    await box.getByRole('button').click();
    await page.locator('#told', { hasText: /Copied|selected/ }).waitFor({ timeout: 5_000 });
    expect(await box.getByRole('button').textContent()).toMatch(/Copied|Select it/);
    await page.close();
  });

  test('a page with faults is told of (control)', async () => {
    const page = await browser.newPage();
    await page.setContent('<p style="color:#eee;background:#fff">pale</p><img src="data:,">');
    expect((await faultsOf(page)).length).toBeGreaterThan(0);
    await page.close();
  });

  async function opened(
    width: number,
    colorScheme: 'light' | 'dark',
    which = file,
  ): Promise<{ page: Page; said: string[]; asked: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const said: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') said.push(message.text());
    });
    page.on('pageerror', (error) => said.push(error.message));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(pathToFileURL(which).href);
    return { page, said, asked };
  }

  /** What axe-core finds that is serious, or worse. */
  async function faultsOf(page: Page): Promise<string[]> {
    await page.evaluate(axe.source);
    const found = (await page.evaluate('axe.run()')) as axe.AxeResults;
    return found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
  }
});
