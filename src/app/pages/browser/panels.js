import { html } from './vendor/lit-html/lit-html.js';
import { actionForm } from './action-form.js';
import { amount, day, money, quantity, textOf, words } from './format.js';
import { history } from './history.js';
import { entriesTable, how } from './parts.js';
import { bar } from './plot.js';
import { ask, token } from './server.js';
import { usage } from './usage.js';

/** Where a customer's lists are in GraphQL, and what TMF REST calls whose they are. */
const below = (kind, list) => `  ${kind === 'party' ? 'party' : 'billingAccount'}(id: $id) {
${list.replaceAll(/^/gm, '    ')}
  }`;
const listOf = (data, name) => Object.values(data)[0]?.[name] ?? { items: [], totalCount: 0 };
const truncated = ({ items, totalCount }) =>
  totalCount > items.length ? html`<p>The first ${items.length} of ${totalCount}.</p>` : '';

const balancesQuery = (kind) => `query Balances($id: ID!) {
${below(
  kind,
  `buckets(orderBy: [{ name: ASC }], limit: 50) {
  totalCount
  items {
    id
    name
    usageType
    status
    isShared
    remainingValue { amount units }
    reservedValue { amount units }
    validFor { endDateTime }
    entries(orderBy: [{ sequence: DESC }], limit: 15) {
      totalCount
      items { sequence recordedAt entryType remainingDelta remainingAfter reservedAfter units }
    }
  }
}`,
)}
}`;

/** A bucket is as full as it was at the highest of its last entries. */
function bucketRow({ id, name, status, isShared, remainingValue, reservedValue, validFor, entries }) {
  const [left, held] = [remainingValue, reservedValue].map((one) => Number(textOf(one?.amount ?? 0)));
  const highest = Math.max(
    left + held,
    ...entries.items.map((one) => Number(textOf(one.remainingAfter)) + Number(textOf(one.reservedAfter))),
  );
  return html`<li>
    <p class="line">
      <strong>${name ?? id}</strong>
      <span class="value">${quantity(remainingValue)}</span>
    </p>
    ${bar(left, highest, held)}
    <p class="line soft">
      <span>
        <code>${id}</code> ${words(status)}${isShared ? ', shared' : ''}${
          held > 0 ? `, ${quantity(reservedValue)} reserved` : ''
        }${validFor?.endDateTime ? `, until ${day(validFor.endDateTime)}` : ''}
      </span>
      ${remainingValue && highest > left ? html`<span>of ${amount(highest, remainingValue.units)}</span>` : ''}
    </p>
    <details>
      <summary>Why: the ledger</summary>
      ${entriesTable(name ?? id, entries.items)}
      ${
        entries.totalCount > entries.items.length
          ? html`<p>The last ${entries.items.length} of ${entries.totalCount} entries.</p>`
          : ''
      }
    </details>
  </li>`;
}

async function balances({ kind, id, set, refresh }) {
  const query = balancesQuery(kind);
  const buckets = listOf(await ask(query, { id }), 'buckets');
  const owner = kind === 'party' ? 'relatedParty.id' : 'partyAccount.id';
  set(html`
    ${
      buckets.items.length === 0
        ? html`<p>No buckets.</p>`
        : html`<ul class="rows">
            ${buckets.items.map(bucketRow)}
          </ul>`
    }
    ${truncated(buckets)} ${buckets.items.length > 0 ? actionForm(buckets.items, refresh) : ''}
    ${how(query, { id }, `/tmf-api/prepayBalanceManagement/v4/bucket?${owner}=${encodeURIComponent(id)}`)}
  `);
}

const billsQuery = (kind) => `query Bills($id: ID!) {
${below(
  kind,
  `customerBills(orderBy: [{ billDate: DESC }], limit: 12) {
  totalCount
  items {
    id
    billNo
    state
    billDate
    billingPeriod { startDateTime endDateTime }
    paymentDueDate
    amountDue { value unit }
    remainingAmount { value unit }
    billDocument { name mimeType url }
  }
}`,
)}
}`;

const linkQuery = 'query Link($url: String!) { signedLink(url: $url) { url } }';

/** A link of a browser carries no token: where one is needed, the server is asked for an address that needs none. */
async function openDocument(event) {
  if (token() === '') return;
  event.preventDefault();
  const link = event.currentTarget;
  try {
    const { signedLink } = await ask(linkQuery, { url: link.href });
    window.location.assign(signedLink.url);
  } catch (error) {
    link.parentElement.append(` ${error.message}`);
  }
}

async function bills({ kind, id, set }) {
  const query = billsQuery(kind);
  const page = listOf(await ask(query, { id }), 'customerBills');
  const owner = kind === 'party' ? 'relatedParty.id' : 'billingAccount.id';
  set(html`
    ${
      page.items.length === 0
        ? html`<p>No bills.</p>`
        : html`<ul class="rows">
            ${page.items.map(
              (bill) =>
                html`<li>
                  <p class="line">
                    <strong>${bill.billNo ?? 'Not numbered yet'}</strong>
                    <span class="value">${money(bill.amountDue)}</span>
                  </p>
                  <p class="line soft">
                    <span
                      ><span class="state">${words(bill.state)}</span>
                      ${bill.billDate ? ` of ${day(bill.billDate)}` : ''}${
                        bill.paymentDueDate ? `, due ${day(bill.paymentDueDate)}` : ''
                      }</span
                    >
                    <span>${money(bill.remainingAmount)} open</span>
                  </p>
                  <p class="documents">
                    ${bill.billDocument
                      .filter(({ url }) => url)
                      .map(
                        ({ name, mimeType, url }) =>
                          html`<a
                            href=${url}
                            @click=${openDocument}
                            aria-label="${name ?? mimeType} of ${bill.billNo ?? bill.id}, ${kindOf(mimeType)}"
                            >${kindOf(mimeType)}</a
                          > `,
                      )}
                  </p>
                </li>`,
            )}
          </ul>`
    }
    ${truncated(page)}
    ${how(
      query,
      { id },
      `/tmf-api/customerBillManagement/v4/customerBill?${owner}=${encodeURIComponent(id)}&sort=-billDate`,
    )}
  `);
}

/** application/pdf → PDF */
const kindOf = (mimeType) => (mimeType ?? 'file').replace(/^.*\//, '').toUpperCase();

const ordersQuery = (kind) => `query Orders($id: ID!) {
${below(
  kind,
  `resourceOrders(orderBy: [{ orderDate: DESC }], limit: 12) {
  totalCount
  items {
    id
    name
    state
    orderDate
    completionDate
    orderItem { itemId action state quantity resource { name } }
  }
}`,
)}
}`;

async function orders({ kind, id, set }) {
  const query = ordersQuery(kind);
  const page = listOf(await ask(query, { id }), 'resourceOrders');
  set(html`
    ${
      page.items.length === 0
        ? html`<p>No orders.</p>`
        : html`<ul class="rows">
            ${page.items.map(
              (order) =>
                html`<li>
                  <p class="line">
                    <strong>${order.name ?? order.id}</strong> <span class="state">${words(order.state)}</span>
                  </p>
                  <p class="soft">
                    ordered
                    ${day(order.orderDate)}${order.completionDate ? `, completed ${day(order.completionDate)}` : ''}
                  </p>
                  <ul class="items">
                    ${order.orderItem.map(
                      (item) =>
                        html`<li>
                          ${words(item.action)}
                          ${item.quantity > 1 ? `${item.quantity} × ` : ''}${item.resource?.name ?? item.itemId}:
                          <span class="state">${words(item.state)}</span>
                        </li>`,
                    )}
                  </ul>
                </li>`,
            )}
          </ul>`
    }
    ${truncated(page)}
    ${how(
      query,
      { id },
      `/tmf-api/resourceOrderingManagement/v4/resourceOrder?relatedParty.id=${encodeURIComponent(id)}&sort=-orderDate`,
    )}
  `);
}

/** What is shown of a customer, in this order. */
export const panels = [
  { key: 'balances', name: 'Balances', show: balances },
  { key: 'usage', name: 'Usage', show: (panel) => usage(panel, below) },
  { key: 'bills', name: 'Bills', show: bills },
  { key: 'orders', name: 'Orders', show: orders },
  { key: 'history', name: 'History', show: (panel) => history(panel, below) },
];
