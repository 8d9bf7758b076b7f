// SPDX-License-Identifier: Apache-2.0
// Looks at report pages in Chromium and prints what it finds, a JSON object a line:
// {"name", "ok", "detail"}.
//
//     node look.mjs FOLDER MODULES [SHOTS]
//
// FOLDER holds NAME.html (tests/e2e/test_report_html.py writes them), MODULES is where npm put
// playwright-core and axe-core, SHOTS a folder for pictures.

import {createRequire} from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const [folder, modules, shots] = process.argv.slice(2);
const require = createRequire(path.resolve(modules) + '/');
const {chromium} = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const desktop = {viewport: {width: 1280, height: 900}, reducedMotion: 'reduce'};
const phone = {viewport: {width: 360, height: 740}, reducedMotion: 'reduce', deviceScaleFactor: 2};

let browser;

const say = (name, ok, detail = '') => console.log(JSON.stringify({name, ok, detail: String(detail)}));

// A page opened, with everything it complained about.
async function open(name, options = desktop) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) complaints.push(`asked for ${request.url().slice(0, 200)}`);
  });
  page.on('dialog', (dialog) => { complaints.push('a dialog'); dialog.dismiss(); });
  await page.goto(`file://${path.resolve(folder)}/${name}.html`);
  return {page, complaints, close: () => context.close()};
}

async function within(name, options, look) {
  const opened = await open(name, options);
  try {
    await look(opened.page);
    must(opened.complaints.length === 0, `${name}: ${opened.complaints.join('; ')}`);
  } finally {
    await opened.close();
  }
}

const shownIds = (page) => page.$$eval('#list > tbody:not([hidden]) > tr:first-child > th', (heads) =>
  heads.map((head) => head.textContent.trim()));

// Every entry open: the inside of one is made of elements when it first opens.
async function openAll(page) {
  await page.$$eval('#list details', (all) => all.forEach((one) => { one.open = true; }));
  await settle(page);
}

async function settle(page) {
  await page.waitForTimeout(150);
}

// ---- looks: name → function that throws where something is wrong --------------------------------

function must(condition, detail) {
  if (!condition) throw new Error(detail);
}

async function axeIs(page) {
  await page.evaluate(axe); // by the debugger, which the page's own policy does not bind
  const found = await page.evaluate(() => window.axe.run(document, {resultTypes: ['violations']}));
  return found.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' '
    + (node.any[0]?.message || '')).join(' | ')}`);
}

const looks = {
  async 'no page complains, asks for anything or is wider than its window'() {
    for (const name of pages)
      for (const options of [desktop, phone])
        await within(name, options, async (page) => {
          await page.$$eval('details', (all) => all.slice(0, 30).forEach((one) => { one.open = true; }));
          await settle(page);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          const widest = wide <= 0 ? [] : await page.$$eval('main *', (all) => all.filter((one) =>
            one.getBoundingClientRect().right > innerWidth && !one.closest('.scroll')).slice(0, 5)
            .map((one) => one.outerHTML.slice(0, 100)));
          must(wide <= 0, `${name} is ${wide} pixels too wide at ${options.viewport.width}: ${widest.join(' ')}`);
        });
  },

  async 'axe finds nothing in either theme, closed, open and on a phone'() {
    for (const name of pages.filter((each) => each !== 'large'))
      for (const colorScheme of name === 'ordinary' ? ['light', 'dark'] : ['dark'])
        for (const options of name === 'ordinary' ? [desktop, phone] : [phone])
          await within(name, {...options, colorScheme}, async (page) => {
            await page.$$eval('details', (all) => all.slice(0, 8).forEach((one) => { one.open = true; }));
            await settle(page);
            const found = await axeIs(page);
            must(found.length === 0, `${name}, ${colorScheme}, ${options.viewport.width}: ${found.join('\n')}`);
          });
  },

  async 'what others wrote is shown and never run'() {
    await within('hostile', desktop, async (page) => {
      await openAll(page);
      await page.mouse.move(400, 300);
      await settle(page);
      must(await page.evaluate(() => window.pwned === undefined), 'something ran');
      const odd = await page.$$eval('*', (all) => all.flatMap((one) => Array.from(one.attributes)
        .filter((attribute) => /^on|^style$|^srcdoc$/.test(attribute.name)).map((attribute) => attribute.name)));
      must(odd.length === 0, `attributes: ${odd.join(' ')}`);
      must(await page.$$eval('script', (all) => all.length) === 1, 'more than one script');
      must(await page.$$eval('img, iframe, object, embed, link, base, form:not(#filters)', (all) => all.length) === 0,
        'an element that nobody wrote');
      must(await page.$$eval('a[href^="javascript:"]', (all) => all.length) === 0, 'a link that runs');
      const text = await page.$eval('main', (main) => main.textContent);
      must(text.includes("</script><script>window.pwned=1"), 'the text is not shown as it was written');
      for (const name of ['U+202E', 'U+2028', 'U+200B']) must(text.includes(name), `${name} is not named`);
      must(!/[\u202a-\u202e\u2066-\u2069\u200b\ufeff\u2028]/.test(text), 'unseen characters are in the page');
    });
  },

  async 'a text of a megabyte is cut, and the page says so'() {
    await within('hostile', desktop, async (page) => {
      const text = await page.$eval('main', (main) => main.textContent);
      must(text.includes('more bytes are left out'), 'nothing is said of what was left out');
      must(fs.statSync(`${folder}/hostile.html`).size < 1000000, 'the page is too large');
    });
  },

  async 'columns sort both ways, by figures as figures and by names as people count'() {
    await within('ordinary', desktop, async (page) => {
      const sort = (column) => page.click(`#list > thead th:nth-child(${column}) button`);
      await sort(5);
      const changes = await page.$$eval('#list > tbody > tr:first-child > :nth-child(5)', (cells) =>
        cells.map((cell) => cell.textContent));
      must(changes[0] === '−0.580' && changes.at(-1) === '–', `changes: ${changes}`);
      must(await page.getAttribute('#list > thead th:nth-child(5)', 'aria-sort') === 'ascending', 'aria-sort');
      await sort(5);
      must((await page.textContent('#list > tbody > tr > :nth-child(5)')) === '+0.100', 'falling');
      must(await page.getAttribute('#list > thead th:nth-child(5)', 'aria-sort') === 'descending', 'aria-sort');
      await sort(2);
      const ids = await shownIds(page);
      must(ids.indexOf('recommend-en-2') < ids.indexOf('recommend-en-11'), `names: ${ids}`);
      must(await page.$$eval('#list > thead th[aria-sort]', (all) => all.length) === 1, 'two columns say they sort');
    });
  },

  async 'filters narrow, combine, count aloud and let go'() {
    await within('ordinary', desktop, async (page) => {
      const count = () => page.textContent('#shown');
      must(await count() === 'All 8 entries', await count());
      await page.check('#groups input[value=critical]');
      must((await shownIds(page)).join() === 'lookup-ja-001', `critical: ${await shownIds(page)}`);
      must(await count() === '1 of 8 entries', await count());
      must(await page.getAttribute('#shown', 'aria-live') === 'polite', 'the count is not announced');
      await page.check('#groups input[value=ok]');
      await page.selectOption('#by-tag', 'recommend');
      must((await shownIds(page)).length === 2, `ok and recommend: ${await shownIds(page)}`);
      await page.selectOption('#by-lang', 'ja');
      must((await shownIds(page)).join() === 'recommend-ja-010', `ja: ${await shownIds(page)}`);
      await page.fill('#find', 'no such words');
      await settle(page);
      must(await page.isVisible('#nothing'), 'an empty list says nothing');
      await page.click('#show-all');
      must(await count() === 'All 8 entries', await count());
      await page.fill('#find', 'ＳＯＬＤ out');
      await settle(page);
      must((await shownIds(page)).sort().join() === 'lookup-en-002,lookup-ja-001', `search: ${await shownIds(page)}`);
      await page.fill('#find', 'noscript');
      await settle(page);
      must((await shownIds(page)).length === 0, 'markup is searched');
    });
  },

  async 'a tile shows its entries'() {
    await within('ordinary', desktop, async (page) => {
      await page.click('.tile.major button');
      must((await shownIds(page)).join() === 'lookup-en-002', `tile: ${await shownIds(page)}`);
    });
  },

  async 'everything is reached by keys'() {
    await within('ordinary', desktop, async (page) => {
      const at = () => page.evaluate(() => document.activeElement.closest('tbody')?.querySelector('th').textContent);
      await page.keyboard.press('j');
      must(await at() === 'lookup-ja-001', `j: ${await at()}`);
      await page.keyboard.press('Enter');
      await settle(page);
      must(await page.isVisible('#list tbody:first-of-type .pair'), 'Enter does not open');
      await page.keyboard.press('ArrowDown');
      must(await at() === 'lookup-en-002', `down: ${await at()}`);
      await page.keyboard.press('k');
      must(await at() === 'lookup-ja-001', `k: ${await at()}`);
      await page.keyboard.press('/');
      must(await page.evaluate(() => document.activeElement.id) === 'find', '/ does not search');
      await page.keyboard.type('j/k');
      must(await page.inputValue('#find') === 'j/k', 'keys act while somebody types');
      await page.keyboard.press('Escape');
      must(await page.evaluate(() => document.activeElement.id) !== 'find', 'Esc does not leave');
      must((await page.evaluate(() => location.hash)) === '#e1', 'an open entry has no address');
    });
  },

  async 'the theme follows the system until it is chosen, and is remembered'() {
    const context = await browser.newContext({...desktop, colorScheme: 'dark'});
    const page = await context.newPage();
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.goto(`file://${path.resolve(folder)}/ordinary.html`);
    const dark = await paper();
    await page.click('#theme');
    const light = await paper();
    must(dark !== light, `dark ${dark}, light ${light}`);
    must((await page.textContent('#theme')).includes('Colours: Light'), 'the button does not say');
    for (let tries = 0; tries < 10; tries++) { // a browser keeps what a page stores in its own time
      await page.waitForTimeout(200);
      await page.reload();
      if (await paper() === light) break;
    }
    must(await paper() === light, 'the choice is forgotten');
    await page.click('#theme');
    must(await paper() === dark, 'dark does not come back');
    await context.close();
  },

  async 'it reads without its script'() {
    await within('ordinary', {...desktop, javaScriptEnabled: false}, async (page) => {
      must(await page.isVisible('#list'), 'no table');
      must(!(await page.isVisible('#filters')), 'filters that do nothing are shown');
      await page.click('#list summary >> nth=0');
      must(await page.isVisible('.pair >> nth=0'), 'an entry does not open');
    });
  },

  async 'each sentence says its language'() {
    await within('ordinary', desktop, async (page) => {
      await openAll(page);
      const japanese = await page.$$eval('[lang=ja]', (all) => all.map((one) => one.textContent).join(''));
      must(japanese.includes('在庫は12冊'), `lang=ja: ${japanese.slice(0, 200)}`);
      const english = await page.$$eval('[lang=en]', (all) => all.map((one) => one.textContent).join(''));
      must(english.includes('Demon Slayer'), 'lang=en');
    });
  },

  async 'a finding is marked in its place'() {
    await within('ordinary', desktop, async (page) => {
      await openAll(page);
      const marks = await page.$$eval('mark', (all) => all.map((one) => `${one.textContent} (${one.title})`));
      must(marks.some((mark) => mark === '30 (support.value: says 30 where the sources say 23)'), `marks: ${marks}`);
    });
  },

  async 'paper shows what got worse, open'() {
    await within('ordinary', desktop, async (page) => {
      await page.emulateMedia({media: 'print'});
      await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
      must(await page.$$eval('#list > tbody > tr > td > details[open]', (all) => all.length) === 3, 'not three open');
      must(!(await page.isVisible('#filters')), 'filters are printed');
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      must(paper === 'rgb(255, 255, 255)', `paper is ${paper}`);
      const pdf = await page.pdf({format: 'A4', ...(shots && {path: `${shots}/print.pdf`})});
      must(pdf.length > 20000, `${pdf.length} bytes of PDF`);
    });
  },

  async 'a thousand entries are there at once'() {
    must(fs.statSync(`${folder}/large.html`).size <= 5000000, `${fs.statSync(`${folder}/large.html`).size} bytes`);
    await within('large', desktop, async (page) => {
      await page.fill('#find', 'entry-00999');
      await settle(page);
      await page.waitForFunction(() => document.querySelector('#shown').textContent === '1 of 1000 entries', null,
        {timeout: 10000});
    });
  },

  async 'pictures'() {
    if (!shots) return;
    for (const [name, options] of Object.entries({light: {...desktop, colorScheme: 'light'},
      dark: {...desktop, colorScheme: 'dark'}, phone: {...phone, colorScheme: 'light'}}))
      await within('ordinary', options, async (page) => {
        await page.screenshot({path: `${shots}/${name}.png`});
        await page.$eval('#list details', (one) => { one.open = true; });
        await settle(page);
        await page.screenshot({path: `${shots}/${name}-all.png`, fullPage: true});
      });
  },
};

const pages = fs.readdirSync(folder).filter((name) => name.endsWith('.html')).map((name) => name.slice(0, -5)).sort();
browser = await chromium.launch({executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args});
for (const [name, look] of Object.entries(looks)) {
  try {
    await look();
    say(name, true);
  } catch (error) {
    say(name, false, error.message);
  }
}
await browser.close();
