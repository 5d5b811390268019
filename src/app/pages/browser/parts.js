import { html } from './vendor/lit-html/lit-html.js';
import { amount, delta, moment, words } from './format.js';
import { addressOf, explorerAddress } from './server.js';

/** How a program gets what a panel shows: its query, and its call of TMF REST. */
export function how(query, variables, rest) {
  return html`<p class="how">
    <a href=${explorerAddress(query, variables)}>Open in explorer</a>
    ${rest ? html`<a href=${addressOf(rest.slice(1))}><code>GET ${rest}</code></a>` : ''}
  </p>`;
}

/** Why something is not shown, in words. */
export function problem(error) {
  return html`<p class="problem" role="alert">${error.message}</p>`;
}

/** A table that scrolls by itself where the screen is narrow. */
export function table(caption, heads, rows) {
  return html`<div class="wide" role="region" aria-label=${caption} tabindex="0">
    <table>
      <caption class="hidden">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Entries of a ledger: what each changed, and what was there then. */
export function entriesTable(bucketName, entries) {
  return table(
    `Ledger of ${bucketName}`,
    ['No.', 'When', 'What', 'Change', 'Remains', 'Reserved'],
    entries.map((one) => [
      one.sequence,
      moment(one.recordedAt),
      words(one.entryType),
      delta(one.remainingDelta),
      amount(one.remainingAfter, one.units),
      amount(one.reservedAfter, one.units),
    ]),
  );
}
