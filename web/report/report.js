// SPDX-License-Identifier: Apache-2.0
// What a report can do beyond being read: colours, sorting, filtering, searching, keys, printing.
// The page is complete without it. The only markup made out of text is what the page itself holds in
// <noscript>: the inside of each entry, escaped when it was written.
(() => {
  'use strict';
  const root = document.documentElement;
  const find = (selector, under = document) => under.querySelector(selector);
  const all = (selector, under = document) => Array.from(under.querySelectorAll(selector));
  const make = (name, text = '', properties = {}) =>
    Object.assign(document.createElement(name), {textContent: text}, properties);

  // ---- colours: as the system, light, dark -----------------------------------------------------

  const themes = {auto: 'Auto', light: 'Light', dark: 'Dark'};
  let theme = 'auto';

  function setTheme(next) {
    theme = next in themes ? next : 'auto';
    if (theme === 'auto') delete root.dataset.theme;
    else root.dataset.theme = theme;
    const button = find('#theme');
    if (!button) return;
    find('.word', button).textContent = themes[theme];
  }

  // A page opened from a file, or with storage switched off, simply does not remember.
  function remembered() {
    try { return localStorage.getItem('assay-theme') || 'auto'; } catch { return 'auto'; }
  }

  function remember() {
    try { localStorage.setItem('assay-theme', theme); } catch { /* not remembered */ }
  }

  function startTheme() {
    setTheme(theme);
    find('#theme')?.addEventListener('click', () => {
      const names = Object.keys(themes);
      setTheme(names[(names.indexOf(theme) + 1) % names.length]);
      remember();
    });
  }

  // The page's sections, for the bar.
  function startNavigation() {
    const links = all('main > section > h2').map((head) =>
      make('a', head.textContent, {href: `#${head.parentElement.id}`}));
    find('nav')?.append(...links);
  }

  // ---- entries ---------------------------------------------------------------------------------

  const order = ['critical', 'major', 'failed', 'error', 'minor', 'improved', 'ok', // of a run, the worst first
    'broke', 'healed', 'differs', 'same', 'unanswered']; // of a comparison
  const grave = new Set(['critical', 'major', 'failed', 'error', 'broke', 'healed']);
  const entries = [];
  const sorted = {column: 0, falling: false};
  let texts = null; // what is searched, made at the first search
  let table = null;

  // The inside of an entry becomes elements when it is first wanted: a thousand entries are there at once.
  function fill(details) {
    const inside = find('noscript', details);
    if (!inside) return;
    const template = document.createElement('template');
    template.innerHTML = inside.textContent;
    inside.replaceWith(template.content);
  }

  function open(entry) {
    fill(entry.details);
    entry.details.open = true;
  }

  const normal = (text) => text.normalize('NFKC').toLowerCase();
  const groupOf = (body) => order.findIndex((name) => body.classList.contains(name));

  function readEntries() {
    for (const body of table.tBodies) {
      const row = body.rows[0];
      entries.push({
        body, row, group: groupOf(body), place: entries.length,
        tags: all('.tag', row).map((tag) => tag.textContent),
        lang: find('.lang', row).textContent, prompt: find('.prompt', row).textContent,
        details: find('details', body), shown: true,
      });
    }
  }

  function cellValue(entry, column, kind) {
    if (kind === 'group') return entry.group;
    const text = entry.row.cells[column].textContent.trim();
    if (kind === 'text') return normal(text);
    const number = Number.parseFloat(text.replace('−', '-'));
    return Number.isNaN(number) ? null : number;
  }

  // One for all comparisons: localeCompare with options makes one each time.
  const collator = new Intl.Collator(undefined, {numeric: true});

  function compare(one, other) {
    if (one === other) return 0;
    if (one === null) return 1; // what has no figure comes last, whichever way
    if (other === null) return -1;
    const order = typeof one === 'string' ? collator.compare(one, other) : one - other;
    return sorted.falling ? -order : order;
  }

  function sortBy(column, heads) {
    sorted.falling = sorted.column === column ? !sorted.falling : false;
    sorted.column = column;
    const kind = heads[column].dataset.sort;
    const keys = new Map(entries.map((entry) => [entry, cellValue(entry, column, kind)]));
    entries.sort((one, other) => compare(keys.get(one), keys.get(other)) || one.place - other.place);
    const all = document.createDocumentFragment();
    all.append(...entries.map((entry) => entry.body));
    table.append(all);
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute('aria-sort', sorted.falling ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
  }

  function startSorting() {
    const heads = all('thead th', table).filter((head) => head.closest('table') === table);
    heads.forEach((head, column) => {
      const button = make('button', '', {type: 'button'});
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => sortBy(column, heads));
    });
    heads[0].setAttribute('aria-sort', 'ascending');
  }

  // ---- filters ---------------------------------------------------------------------------------

  const picked = (id) => find(id).value;

  const entities = {'&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&'};

  // What a reader would read: of an entry that was never open its markup without the tags.
  function textOf(entry) {
    const inside = entry.details && find('noscript', entry.details);
    if (!inside) return entry.body.textContent;
    const shown = inside.textContent.replace(/<[^>]*>/g, '').replace(/&[a-z#0-9]+;/g, (name) => entities[name] ?? name);
    return `${entry.row.textContent} ${find('summary', entry.details).textContent} ${shown}`;
  }

  function searched(entry) {
    if (!texts) texts = new Map(entries.map((each) => [each, normal(textOf(each))]));
    return texts.get(entry);
  }

  function fits(entry, words, groups) {
    if (groups.size && !groups.has(order[entry.group])) return false;
    if (picked('#by-tag') && !entry.tags.includes(picked('#by-tag'))) return false;
    if (picked('#by-lang') && entry.lang !== picked('#by-lang')) return false;
    if (picked('#by-prompt') && entry.prompt !== picked('#by-prompt')) return false;
    return words.every((word) => searched(entry).includes(word));
  }

  function refilter() {
    const words = normal(find('#find').value).split(/\s+/).filter(Boolean);
    const groups = new Set(all('#groups :checked').map((box) => box.value));
    let count = 0;
    for (const entry of entries) {
      entry.shown = fits(entry, words, groups);
      entry.body.hidden = !entry.shown;
      count += entry.shown;
    }
    find('#nothing').hidden = count > 0;
    find('#shown').textContent = count === entries.length ? `All ${count} entries`
      : `${count} of ${entries.length} entries`;
  }

  function fillSelect(id, values) {
    const known = Array.from(new Set(values)).filter(Boolean).sort();
    find(id).append(...known.map((value) => make('option', value, {value})));
    find(id).closest('label').hidden = known.length < 2;
  }

  function fillGroups() {
    for (const [i, name] of order.entries()) {
      const those = entries.filter((entry) => entry.group === i);
      if (!those.length) continue;
      const label = make('label');
      label.append(make('input', '', {type: 'checkbox', value: name}), find('.badge', those[0].row).cloneNode(true),
        make('span', String(those.length)));
      find('#groups').append(label);
    }
  }

  function startTiles() {
    for (const tile of all('.tile[data-group]:not(.zero)')) {
      const button = make('button', '', {type: 'button', title: 'Show these entries'});
      button.append(...tile.childNodes);
      tile.append(button);
      button.addEventListener('click', () => {
        for (const box of all('#groups input')) box.checked = box.value === tile.dataset.group;
        refilter();
        find('#entries').scrollIntoView();
      });
    }
  }

  function startFilters() {
    const form = find('#filters');
    let waiting = 0;
    fillGroups();
    fillSelect('#by-tag', entries.flatMap((entry) => entry.tags));
    fillSelect('#by-lang', entries.map((entry) => entry.lang));
    fillSelect('#by-prompt', entries.map((entry) => entry.prompt));
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('change', refilter);
    find('#find').addEventListener('input', () => {
      clearTimeout(waiting);
      waiting = setTimeout(refilter, 80);
    });
    find('#show-all').addEventListener('click', () => { form.reset(); refilter(); });
    find('#open-all').addEventListener('click', () => openShown(true));
    find('#close-all').addEventListener('click', () => openShown(false));
    refilter();
  }

  const openAtOnce = 200;

  function openShown(wanted) {
    let opened = 0;
    for (const entry of entries)
      if (!entry.details) continue;
      else if (!wanted) entry.details.open = false;
      else if (entry.shown && opened++ < openAtOnce) open(entry);
    if (opened > openAtOnce) find('#shown').textContent = `The first ${openAtOnce} of ${opened} are open`;
  }

  // ---- keys ------------------------------------------------------------------------------------

  const isTyping = (target) => target.closest('input:not([type=checkbox]), select, textarea') !== null;
  const handle = (entry) => (entry.details ? find('summary', entry.details) : entry.row.cells[1]);

  function step(by) {
    const shown = entries.filter((entry) => entry.shown);
    if (!shown.length) return;
    const at = shown.findIndex((entry) => entry.body.contains(document.activeElement));
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(Math.max(at + by, 0), shown.length - 1)];
    const target = handle(next);
    if (!next.details) target.tabIndex = -1;
    target.focus({preventScroll: true});
    next.body.scrollIntoView({block: 'nearest'});
  }

  const keys = {
    '/': () => { find('#find').focus(); find('#find').select(); },
    j: () => step(1), k: () => step(-1),
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && event.target.id === 'find') event.target.blur();
    if (isTyping(event.target)) return;
    const inList = event.target.closest('#list') !== null; // elsewhere arrows scroll, as ever
    const action = keys[event.key] || (inList && {ArrowDown: keys.j, ArrowUp: keys.k}[event.key]);
    if (!action) return;
    event.preventDefault();
    action();
  }

  // ---- links to an entry, and paper ------------------------------------------------------------

  function openLinked() {
    const entry = entries.find((each) => `#${each.body.id}` === location.hash);
    if (!entry || !entry.details) return;
    open(entry);
    entry.body.scrollIntoView();
  }

  function startLinks() {
    addEventListener('hashchange', openLinked);
    table.addEventListener('toggle', (event) => {
      if (event.target.open) fill(event.target);
      const body = event.target.closest('tbody.entry');
      if (!event.target.open || !body || !body.contains(document.activeElement)) return;
      try { history.replaceState(null, '', `#${body.id}`); } catch { /* a page without an address */ }
    }, true);
    openLinked();
  }

  const printedAtMost = 12;

  // On paper nobody can open anything: what got worse is printed open.
  function startPrinting() {
    let opened = [];
    addEventListener('beforeprint', () => {
      opened = entries.filter((entry) => entry.shown && entry.details && !entry.details.open
        && grave.has(order[entry.group])).slice(0, printedAtMost);
      opened.forEach(open);
    });
    addEventListener('afterprint', () => {
      for (const entry of opened) entry.details.open = false;
      opened = [];
    });
  }

  function start() {
    root.classList.add('has-script');
    startTheme();
    startNavigation();
    table = find('#list');
    if (!table) return;
    readEntries();
    startSorting();
    startFilters();
    startTiles();
    startLinks();
    startPrinting();
    document.addEventListener('keydown', onKey);
  }

  setTheme(remembered());
  document.addEventListener('DOMContentLoaded', start);
})();
