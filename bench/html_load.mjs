// SPDX-License-Identifier: Apache-2.0
// html_load: how long Chromium takes to make a page ready, in milliseconds, as one JSON object: medians of RUNS loads.
//
//     node html_load.mjs PAGE MODULES RUNS

import {createRequire} from 'node:module';
import path from 'node:path';

const [file, modules, runs] = process.argv.slice(2);
const {chromium} = createRequire(path.resolve(modules) + '/')('playwright-core');
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const median = (values) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)];

const browser = await chromium.launch({executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args});
const found = {interactive: [], painted: [], sort: [], search: []};
for (let i = 0; i < Number(runs); i++) {
  const page = await (await browser.newContext({viewport: {width: 1280, height: 900}})).newPage();
  await page.goto(`file://${path.resolve(file)}`, {waitUntil: 'load'});
  const times = await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const took = async (act) => {
      const start = performance.now();
      await act();
      await frame();
      return performance.now() - start;
    };
    await frame();
    const loaded = performance.getEntriesByType('navigation')[0];
    const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
    const sort = await took(() => document.querySelector('#list > thead th:nth-child(5) button').click());
    const search = await took(() => {
      document.querySelector('#find').value = 'entry-00';
      document.querySelector('#filters').dispatchEvent(new Event('change'));
    });
    return {interactive: loaded.domContentLoadedEventEnd, painted, sort, search};
  });
  for (const [name, value] of Object.entries(times)) found[name].push(value);
  await page.context().close();
}
await browser.close();
console.log(JSON.stringify(Object.fromEntries(Object.entries(found).map(([name, values]) => [name, median(values)]))));
