import { html, render } from './vendor/lit-html/lit-html.js';
import { ask, explorerAddress } from './server.js';

const mutation = `mutation Register($key: String!, $input: HubCreate!) {
  createHub(idempotencyKey: $key, input: $input) {
    id
    callback
    secret
  }
}`;

/** Registers a callback, once however often it is sent; its secret is shown this once. */
export function callbackForm({ apis }, registered) {
  return html`<details class="act">
    <summary class="button">Register a callback</summary>
    <form @submit=${(event) => submit(event, registered)} @input=${renewKey}>
      <label>
        Callback
        <input name="callback" type="url" required maxlength="2000" placeholder="an http or https address" />
      </label>
      <label>
        Events of
        <select name="api">
          <option value="">all APIs</option>
          ${apis.map(({ number, title }) => html`<option value=${number}>${number} ${title}</option>`)}
        </select>
      </label>
      <label>
        Which events
        <input
          name="query"
          maxlength="4000"
          spellcheck="false"
          placeholder="eventType=BucketCreateEvent"
          aria-describedby="query-says"
        />
      </label>
      <p class="soft" id="query-says">Filters of TMF REST on the event; empty: all.</p>
      <button>Register</button>
      <div class="outcome" role="status"></div>
    </form>
  </details>`;
}

/** The key stays with what it stands for. */
function renewKey({ currentTarget }) {
  delete currentTarget.dataset.key;
}

async function submit(event, registered) {
  event.preventDefault();
  const form = event.currentTarget;
  form.dataset.key ??= crypto.randomUUID();
  const { key } = form.dataset;
  const { callback, api, query } = Object.fromEntries(new FormData(form));
  const input = { callback, ...(api && { api }), ...(query && { query }) };
  const outcome = form.querySelector('.outcome');
  const [button] = form.querySelectorAll('button');
  button.disabled = true;
  try {
    const { createHub } = await ask(mutation, { key, input });
    render(registration(createHub, { key, input }), outcome);
    await registered();
  } catch (error) {
    // Nothing was registered, unless nobody knows.
    if (error.code !== 'UNREACHABLE') delete form.dataset.key;
    render(html`<p class="problem">${error.message}</p>`, outcome);
  } finally {
    button.disabled = false;
  }
}

function registration({ id, callback, secret }, variables) {
  return html`<p class="good">${callback} is told of events from now on: <code>${id}</code></p>
    ${
      secret
        ? html`<p>What it verifies them with is shown this once: <code class="secret">${secret}</code></p>`
        : html`<p>
            It was registered before, and its secret was told then. Who does not have it deletes it, and registers anew.
          </p>`
    }
    <p class="how"><a href=${explorerAddress(mutation, variables)}>Open in explorer</a></p>`;
}
