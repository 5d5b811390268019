import { html } from './vendor/lit-html/lit-html.js';
import { repeat } from './vendor/lit-html/directives/repeat.js';
import { moment, quantity, words } from './format.js';
import { entriesTable, how, problem } from './parts.js';
import { ask } from './server.js';

const pageSize = 15;

const historyQuery = (kind, below) => `query History($id: ID!, $limit: Int!) {
${below(
  kind,
  `balanceActions(orderBy: [{ requestedDate: DESC }], limit: $limit) {
  totalCount
  items {
    id
    kind
    status
    requestedDate
    amount { amount units }
    adjustType
    reason
    failureMessage
    impactedBucket { bucket { refId } amountBefore { amount units } amountAfter { amount units } }
  }
}`,
)}
}`;

const entriesQuery = `query Entries($bucket: ID!, $action: String!) {
  bucket(id: $bucket) {
    name
    entries(filter: { actionId: { eq: $action } }, orderBy: [{ sequence: ASC }]) {
      items { sequence recordedAt entryType remainingDelta remainingAfter reservedAfter units }
    }
  }
}`;

/** What was asked of the balances, newest first, and for each what the ledger has of it. */
export async function history(panel, below, limit = pageSize) {
  const { kind, id, about, set, memory: ledgers } = panel;
  const query = historyQuery(kind, below);
  const { items, totalCount } = Object.values(await ask(query, { id, limit }))[0].balanceActions;
  const buckets = [
    ...new Set(items.flatMap((one) => (one.impactedBucket ?? []).flatMap(({ bucket }) => bucket?.refId ?? []))),
  ];
  const open = async (bucket, action) => {
    const key = `${bucket} ${action}`;
    if (ledgers.has(key)) return;
    ledgers.set(key, html`<p class="wait">One moment …</p>`);
    draw();
    const variables = { bucket, action };
    ledgers.set(key, await ask(entriesQuery, variables).then((data) => ledgerOf(variables, data.bucket), problem));
    draw();
  };
  const draw = () =>
    set(html`
      ${
        items.length === 0
          ? html`<p>Nothing happened yet.</p>`
          : html`<ul class="rows">
              ${repeat(
                items,
                (action) => action.id,
                (action) => actionRow(action, ledgers, open),
              )}
            </ul>`
      }
      ${
        totalCount > items.length
          ? html`<p class="line">
              <span>The last ${items.length} of ${totalCount}.</span>
              <button
                ?disabled=${limit >= about.pageSizeMax}
                @click=${() => history(panel, below, Math.min(limit + 2 * pageSize, about.pageSizeMax))}
              >
                Show more
              </button>
            </p>`
          : ''
      }
      ${how(
        query,
        { id, limit },
        buckets.length === 0
          ? undefined
          : `/tmf-api/prepayBalanceManagement/v4/balanceAction?bucket.id=${buckets.map(encodeURIComponent).join(',')}&sort=-requestedDate&limit=${limit}`,
      )}
    `);
  draw();
}

function actionRow(action, ledgers, open) {
  const { id, kind, status, requestedDate, reason, adjustType, failureMessage, impactedBucket } = action;
  return html`<li>
    <p class="line close">
      <span
        ><strong>${words(kind)}</strong>
        <span class="soft">
          <span class="state">${words(status)}</span> ${moment(requestedDate)}${reason ? `, ${reason}` : ''}${
            adjustType ? ` (${words(adjustType)})` : ''
          }</span
        ></span
      >
      <span class="value">${quantity(action.amount)}</span>
    </p>
    ${failureMessage ? html`<p class="problem">${failureMessage}</p>` : ''}
    ${(impactedBucket ?? [])
      .filter(({ bucket }) => bucket?.refId)
      .map(
        ({ bucket: { refId }, amountBefore, amountAfter }) =>
          html`<details @toggle=${({ target }) => target.open && open(refId, id)}>
            <summary>
              <code>${refId}</code> ${quantity(amountBefore)} → ${quantity(amountAfter)}
              <span class="hidden">, the ledger</span>
            </summary>
            ${ledgers.get(`${refId} ${id}`) ?? ''}
          </details>`,
      )}
  </li>`;
}

function ledgerOf(variables, bucket) {
  return html`${entriesTable(bucket?.name ?? variables.bucket, bucket?.entries.items ?? [])}
  ${how(entriesQuery, variables)}`;
}
