import { html } from './vendor/lit-html/lit-html.js';
import { amount, day, sumOf, textOf, words } from './format.js';
import { how, table } from './parts.js';
import { columns } from './plot.js';
import { ask } from './server.js';

const dayMs = 24 * 60 * 60 * 1000;
const days = 30;

const usageQuery = (kind, below, limit) => `query Usage($id: ID!, $from: DateTime!, $to: DateTime!) {
${below(
  kind,
  `usages(
  filter: { usageDate: { gte: $from, lt: $to } }
  orderBy: [{ usageDate: DESC }]
  limit: ${limit}
) {
  totalCount
  items {
    usageDate
    usageType
    usageCharacteristic { name value }
    ratedProductUsage { taxIncludedRatingAmount { value unit } }
  }
}`,
)}
}`;

/** The day of an instant as the browser counts days. */
const dayOf = (instant) => new Date(instant).toDateString();

/** How much a usage is: its first characteristic that is a number; without one each counts. */
function measureOf({ usageCharacteristic }) {
  const measured = (usageCharacteristic ?? []).find(({ value }) => typeof value === 'number');
  return measured ? { name: measured.name, value: measured.value } : { name: 'number of usages', value: 1 };
}

/** What was used of each type, day by day. */
function seriesOf(items, dates) {
  const series = new Map();
  for (const item of items) {
    const { name, value } = measureOf(item);
    const type = item.usageType ?? 'usage';
    const one = series.get(`${type} ${name}`) ?? { type, name, sums: new Map() };
    series.set(`${type} ${name}`, one);
    const key = dayOf(item.usageDate);
    one.sums.set(key, (one.sums.get(key) ?? 0) + value);
  }
  return [...series.values()].map(({ type, name, sums }) => ({
    type,
    name,
    days: dates.map((date) => ({
      label: date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' }),
      value: Math.round((sums.get(date.toDateString()) ?? 0) * 1e6) / 1e6,
    })),
  }));
}

/** What was charged, by currency. */
function chargedOf(items) {
  const sums = new Map();
  for (const { ratedProductUsage } of items)
    for (const { taxIncludedRatingAmount: charged } of ratedProductUsage ?? [])
      if (charged) sums.set(charged.unit, [...(sums.get(charged.unit) ?? []), textOf(charged.value)]);
  return [...sums].map(([unit, values]) => amount(sumOf(values), unit));
}

/** Thirty days of usage; a step back or forth is thirty days. */
export async function usage(panel, below, end = endOfToday()) {
  const { kind, id, about, set } = panel;
  const begin = new Date(end.getTime() - days * dayMs);
  const query = usageQuery(kind, below, Math.min(1_000, about.pageSizeMax));
  const variables = { id, from: begin.toISOString(), to: end.toISOString() };
  const { items, totalCount } = Object.values(await ask(query, variables))[0].usages;
  const dates = Array.from({ length: days }, (_, index) => new Date(begin.getTime() + (index + 0.5) * dayMs));
  const series = seriesOf(items, dates);
  const period = `${day(begin)} to ${day(new Date(end.getTime() - 1))}`;
  const step = (direction) => () => usage(panel, below, new Date(end.getTime() + direction * days * dayMs));
  const charged = chargedOf(items);
  set(html`
    <p class="line close">
      <span
        >${period}: ${totalCount}
        usages${charged.length > 0 && totalCount === items.length ? `, charged ${charged.join(' and ')}` : ''}</span
      >
      <span class="steps">
        <button @click=${step(-1)} aria-label="The 30 days before">←</button>
        <button @click=${step(1)} aria-label="The 30 days after" ?disabled=${end > new Date()}>→</button>
      </span>
    </p>
    ${totalCount > items.length ? html`<p>Shown are the last ${items.length} of them.</p>` : ''}
    ${series.map(
      ({ type, name, days: values }) =>
        html`<figure>
          <figcaption>
            ${words(type)}: ${words(name)} per day,
            ${Math.round(values.reduce((sum, { value }) => sum + value, 0) * 1e6) / 1e6} in all
          </figcaption>
          ${columns(values, `${words(type)}, ${words(name)} per day, ${period}`)}
          <details>
            <summary>As a table</summary>
            ${table(
              `${words(type)}, ${words(name)} per day`,
              ['Day', words(name)],
              values.filter(({ value }) => value > 0).map(({ label, value }) => [label, value]),
            )}
          </details>
        </figure>`,
    )}
    ${how(
      query,
      variables,
      `/tmf-api/usageManagement/v4/usage?relatedParty.id=${encodeURIComponent(id)}&usageDate.gte=${variables.from}&usageDate.lt=${variables.to}&sort=-usageDate`,
    )}
  `);
}

function endOfToday() {
  const end = new Date();
  end.setHours(24, 0, 0, 0);
  return end;
}
