import { html, render } from './vendor/lit-html/lit-html.js';
import { words } from './format.js';
import { addressOf, ask, explorerAddress, token } from './server.js';

/** What may be done to a balance, as each transport calls it. */
const kinds = {
  topup: {
    title: 'Top up',
    query: `mutation TopUp($key: String!, $input: TopupBalanceCreate!) {
  createTopupBalance(idempotencyKey: $key, input: $input) {
    id
    status
    impactedBucket { amountBefore { amount units } amountAfter { amount units } }
  }
}`,
    path: 'topupBalance',
    more: {},
  },
  credit: adjustment('Credit', 'manualCredit'),
  debit: adjustment('Debit', 'manualDebit'),
};

function adjustment(title, adjustType) {
  return {
    title,
    query: `mutation Adjust($key: String!, $input: AdjustBalanceCreate!) {
  createAdjustBalance(idempotencyKey: $key, input: $input) {
    id
    status
    impactedBucket { amountBefore { amount units } amountAfter { amount units } }
  }
}`,
    path: 'adjustBalance',
    more: { adjustType },
  };
}

/** The text of a decimal goes as it is, where the browser can. */
const exact = (text) => (typeof JSON.rawJSON === 'function' ? JSON.rawJSON(text) : Number(text));

/**
 * Tops up or adjusts one of these buckets. The key is made here and stays until there is an answer and something is changed: so
 * whoever presses the button twice, or again after the connection was lost, moves nothing twice.
 */
export function actionForm(buckets, refresh) {
  return html`<details class="act" @toggle=${newKey}>
    <summary class="button">Top up or adjust</summary>
    <form @submit=${(event) => submit(event, refresh)} @input=${renewKey}>
      <label>
        Bucket
        <select name="bucket">
          ${buckets.map(
            ({ id, name, remainingValue }) =>
              html`<option value=${id} data-units=${remainingValue?.units ?? ''}>${name ?? id} (${id})</option>`,
          )}
        </select>
      </label>
      <fieldset>
        <legend>What</legend>
        ${Object.entries(kinds).map(
          ([kind, { title }], index) =>
            html`<label><input type="radio" name="kind" value=${kind} ?checked=${index === 0} /> ${title}</label>`,
        )}
      </fieldset>
      <label>
        Amount
        <span class="field">
          <input name="amount" inputmode="decimal" pattern="\\d+([.]\\d+)?" title="a number such as 12.50" required />
          <input name="units" aria-label="Units" required .value=${buckets[0]?.remainingValue?.units ?? ''} />
        </span>
      </label>
      <label>Reason <input name="reason" maxlength="200" /></label>
      <label>
        Key
        <input name="key" readonly aria-describedby="key-says" />
      </label>
      <p class="soft" id="key-says">The same under the same key is done once, however often it is sent.</p>
      <button>Send</button>
      <div class="outcome" role="status"></div>
    </form>
  </details>`;
}

function newKey({ currentTarget }) {
  const { key } = currentTarget.querySelector('form').elements;
  key.value ||= crypto.randomUUID();
}

function renewKey({ currentTarget: form, target }) {
  if (target.name === 'bucket') {
    const { units } = target.selectedOptions[0].dataset;
    if (units !== '') form.elements.units.value = units;
  }
  if (form.dataset.answered === undefined) return;
  delete form.dataset.answered;
  form.elements.key.value = crypto.randomUUID();
  render('', form.querySelector('.outcome'));
}

async function submit(event, refresh) {
  event.preventDefault();
  const form = event.currentTarget;
  const { bucket, kind, amount, units, reason, key } = Object.fromEntries(new FormData(form));
  const { title, query, path, more } = kinds[kind];
  const outcome = form.querySelector('.outcome');
  const given = { ...more, ...(reason && { reason }) };
  const input = { bucket: { refId: bucket }, amount: { amount: exact(amount), units }, ...given };
  const [button] = form.querySelectorAll('button');
  button.disabled = true;
  render(html`<p>One moment …</p>`, outcome);
  try {
    const answer = await ask(query, { key, input });
    const { status, id } = Object.values(answer)[0];
    const isRepeated = form.dataset.answered === key;
    render(
      html`<p class="good">
          ${isRepeated ? `This was done before under this key: nothing moved again.` : `${title}: ${words(status)}.`}
          <code>${id}</code>
        </p>
        <p class="how"><a href=${explorerAddress(query, { key, input })}>Open in explorer</a></p>
        <pre tabindex="0" aria-label="The same by TMF REST"><code>${curl(path, key, {
          bucket: { id: bucket },
          amount: input.amount,
          ...given,
        })}</code></pre>`,
      outcome,
    );
    form.dataset.answered = key;
    void refresh(['balances', 'history']);
  } catch (error) {
    const isUnknown = error.code === 'UNREACHABLE';
    if (!isUnknown) form.dataset.answered = key;
    render(
      html`<p class="problem">
        ${isUnknown ? `${error.message} Send it again: the key sees to it that nothing moves twice.` : error.message}
      </p>`,
      outcome,
    );
  } finally {
    button.disabled = false;
  }
}

const curl = (path, key, body) =>
  `curl ${addressOf(`tmf-api/prepayBalanceManagement/v4/${path}`)} \\
  -H 'Content-Type: application/json' \\${
    token() === ''
      ? ''
      : `
  -H "Authorization: Bearer $TOKEN" \\`
  }
  -H 'Idempotency-Key: ${key}' \\
  -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
