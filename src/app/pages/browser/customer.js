import { html } from './vendor/lit-html/lit-html.js';
import { how, problem } from './parts.js';
import { panels } from './panels.js';
import { ask } from './server.js';
import { words } from './format.js';

const whoQuery = {
  party: `query Who($id: ID!) {
  party(id: $id) {
    id
    name
    billingAccounts(limit: 20) { items { id name } }
    logicalResources(limit: 20) { items { value } }
  }
}`,
  account: `query Who($id: ID!) {
  billingAccount(id: $id) {
    id
    name
    parties(limit: 20) { items { id name } }
    logicalResources(limit: 20) { items { value } }
  }
}`,
};

/** Shows everything of one customer: who it is, then each panel as its answer comes. */
export async function customer({ kind, value: id }, about, draw) {
  let who;
  try {
    [who] = Object.values(await ask(whoQuery[kind], { id }));
  } catch (error) {
    draw(id, problem(error));
    return;
  }
  if (!who) {
    draw(id, html`<p class="problem" role="alert">Nothing here names the ${words(kind)} “${id}”.</p>`);
    return;
  }
  const name = who.name ?? id;
  const shown = new Map();
  const made = panels.map(({ key, show }) => ({
    key,
    show,
    panel: {
      kind,
      id,
      about,
      /** What a panel keeps from one time to the next. */
      memory: new Map(),
      refresh: (keys) => refresh(keys),
      set: (content) => {
        shown.set(key, content);
        redraw();
      },
    },
  }));
  const redraw = () =>
    draw(
      name,
      html`<header class="who">
          <h2 tabindex="-1">${name}</h2>
          <p>
            ${kind === 'party' ? 'Customer' : 'Account'} <code>${id}</code>
            ${links('Accounts', 'account', who.billingAccounts)} ${links('Customers', 'party', who.parties)}
            ${
              who.logicalResources.items.length > 0
                ? html`· Numbers ${who.logicalResources.items.map(({ value }) => html`<code>${value}</code> `)}`
                : ''
            }
          </p>
          ${how(whoQuery[kind], { id })}
        </header>
        <div class="panels">
          ${panels.map(
            ({ name: title, key }) =>
              html`<section aria-labelledby=${key} class=${key}>
                <h3 id=${key}>${title}</h3>
                ${shown.get(key) ?? html`<p class="wait">One moment …</p>`}
              </section>`,
          )}
        </div>`,
    );
  const refresh = (keys) =>
    Promise.all(
      made
        .filter(({ key }) => keys === undefined || keys.includes(key))
        .map(({ show, panel }) => show(panel).catch((error) => panel.set(problem(error)))),
    );
  redraw();
  await refresh();
}

function links(title, kind, page) {
  if (!page || page.items.length === 0) return '';
  return html`· ${title}
  ${page.items.map(
    ({ id, name }) =>
      html`<a href="?${new URLSearchParams({ [kind]: id })}">${kind === 'party' ? (name ?? id) : id}</a> `,
  )}`;
}
