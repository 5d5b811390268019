import { html } from './vendor/lit-html/lit-html.js';
import { how, problem } from './parts.js';
import { addressOf, ask } from './server.js';

const customersQuery = `query Customers {
  parties(orderBy: [{ name: ASC }], limit: 20) {
    totalCount
    items { id name }
  }
}`;

const searchQuery = `query Search($text: String!) {
  parties(
    filter: { or: [{ name: { icontains: $text } }, { id: { istartsWith: $text } }] }
    orderBy: [{ name: ASC }]
    limit: 20
  ) {
    totalCount
    items { id name }
  }
  billingAccounts(
    filter: { or: [{ name: { icontains: $text } }, { id: { istartsWith: $text } }] }
    limit: 20
  ) {
    totalCount
    items { id name }
  }
  logicalResources(filter: { value: { startsWith: $text } }, limit: 20) {
    totalCount
    items {
      value
      parties(limit: 5) { items { id name } }
      billingAccounts(limit: 5) { items { id name } }
    }
  }
}`;

const partyLink = ({ id, name }) =>
  html`<a href="?${new URLSearchParams({ party: id })}">${name ?? id}</a>${name ? html` <small>${id}</small>` : ''}`;
const accountLink = ({ id, name }) =>
  html`<a href="?${new URLSearchParams({ account: id })}">${id}</a>${name ? html` <small>${name}</small>` : ''}`;

/** Whom one may begin with. */
export async function customers() {
  try {
    const { parties } = await ask(customersQuery);
    return html`<section aria-labelledby="customers">
      <h2 id="customers">Customers</h2>
      ${
        parties.items.length === 0
          ? html`<p>Nobody is named here yet.</p>`
          : html`<ul class="names">
              ${parties.items.map((one) => html`<li>${partyLink(one)}</li>`)}
            </ul>`
      }
      ${
        parties.totalCount > parties.items.length
          ? html`<p>The first ${parties.items.length} of ${parties.totalCount}.</p>`
          : ''
      }
      ${how(customersQuery)}
    </section>`;
  } catch (error) {
    return problem(error);
  }
}

/** What runs here. */
export function apisOf({ version, apis, isDemo }) {
  const docs = (number, title) =>
    `${addressOf('docs/')}?${new URLSearchParams({ 'urls.primaryName': `${number} ${title}` })}`;
  return html`<section aria-labelledby="apis">
    <h2 id="apis">What runs here</h2>
    <p>
      TMF balance server ${version}${isDemo ? ', with demo data' : ''}. Everything is in
      <a href=${addressOf('graphql')}>GraphQL</a>, and by TMF REST:
    </p>
    <ul class="rows">
      ${apis.map(
        ({ number, title, path, resources }) =>
          html`<li>
            <p><a href=${docs(number, title)}>${number} ${title}</a></p>
            <p><code>${path}</code></p>
            <p>${resources.join(', ')}</p>
          </li>`,
      )}
    </ul>
  </section>`;
}

/** Who was found, and the address of the only one, when there is no more than one. */
export async function found(text) {
  let data;
  try {
    data = await ask(searchQuery, { text });
  } catch (error) {
    return { content: problem(error) };
  }
  const { parties, billingAccounts: accounts, logicalResources: numbers } = data;
  const addresses = [
    ...parties.items.map(({ id }) => `?${new URLSearchParams({ party: id })}`),
    ...accounts.items.map(({ id }) => `?${new URLSearchParams({ account: id })}`),
    ...numbers.items.flatMap((one) =>
      one.parties.items.length > 0
        ? one.parties.items.map(({ id }) => `?${new URLSearchParams({ party: id })}`)
        : one.billingAccounts.items.map(({ id }) => `?${new URLSearchParams({ account: id })}`),
    ),
  ];
  // An account often has the name of its customer.
  const likely = parties.items.length === 1 ? addresses.slice(0, 1) : addresses;
  if (new Set(likely).size === 1 && numbers.items.length <= 1) return { only: likely[0] };
  const list = (title, { items, totalCount }, row) =>
    items.length === 0
      ? ''
      : html`<h3>${title}</h3>
          <ul class="names">
            ${items.map((one) => html`<li>${row(one)}</li>`)}
          </ul>
          ${totalCount > items.length ? html`<p>The first ${items.length} of ${totalCount}: type more.</p>` : ''}`;
  const content = html`<section aria-labelledby="found">
    <h2 id="found" tabindex="-1">Found for “${text}”</h2>
    ${addresses.length === 0 ? html`<p>Nobody has such a name, number or account.</p>` : ''}
    ${list('Customers', parties, partyLink)} ${list('Accounts', accounts, accountLink)}
    ${list(
      'Numbers',
      numbers,
      ({ value, parties: { items }, billingAccounts }) =>
        html`${value}: ${items.map(partyLink)} ${billingAccounts.items.map(accountLink)}`,
    )}
    ${how(searchQuery, { text })}
  </section>`;
  return { content };
}
