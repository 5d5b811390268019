import { html, render } from './vendor/lit-html/lit-html.js';
import { customer } from './customer.js';
import { events } from './events.js';
import { apisOf, customers, found } from './finding.js';
import { operations } from './operations.js';
import { aboutServer, keepToken } from './server.js';

const place = (id) => document.getElementById(id);
const about = await aboutServer();

/** What the address says is to be shown. */
function wanted() {
  const parameters = new URLSearchParams(location.search);
  for (const kind of ['party', 'account', 'search']) {
    const value = parameters.get(kind);
    if (value) return { kind, value };
  }
  for (const kind of ['events', 'operations']) if (parameters.has(kind)) return { kind, value: '' };
  return { kind: 'home', value: '' };
}

/** Shows what is wanted; what was asked for before and comes late is dropped. */
let shown = {};
async function show() {
  const view = wanted();
  shown = view;
  let isDrawn = false;
  const draw = (title, content) => {
    if (shown !== view) return false;
    document.title = title === '' ? 'TMF balance server' : `${title} · TMF balance server`;
    render(content, place('content'));
    // Only once, so that nobody who goes on meanwhile is led back.
    if (!isDrawn && view.kind !== 'home') place('content').querySelector('h2')?.focus();
    isDrawn = true;
    return true;
  };
  const say = (text) => {
    if (shown === view) place('status').textContent = text;
  };
  if (view.kind === 'search') place('wanted').value = view.value;
  render(html`<p class="wait">One moment …</p>`, place('content'));
  say('Loading');
  if (view.kind === 'home') draw('', html`${await customers()}${apisOf(about)}`);
  else if (view.kind === 'search') {
    const { only, content } = await found(view.value);
    if (only && shown === view) {
      go(only, true);
      return;
    }
    draw(`Search for ${view.value}`, content);
  } else if (view.kind === 'events') await events(about, draw);
  else if (view.kind === 'operations') await operations(draw);
  else await customer(view, about, draw);
  say(document.title);
}

function go(address, isReplaced = false) {
  if (isReplaced) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  window.scrollTo(0, 0);
  place('wanted').value = '';
  void show();
}

// Links within the page need no new page.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (!link || !isPlain || link.target || !link.getAttribute('href')?.match(/^(\?|\.\/$)/)) return;
  event.preventDefault();
  go(link.href);
});
place('search').addEventListener('submit', (event) => {
  event.preventDefault();
  go(`?${new URLSearchParams({ search: place('wanted').value.trim() })}`);
});
window.addEventListener('popstate', () => void show());

place('schema').hidden = !about.isSchemaShown;
place('token-label').hidden = !about.isTokenNeeded;
keepToken(place('token'), () => void show());
await show();
