import { html } from './vendor/lit-html/lit-html.js';
import { repeat } from './vendor/lit-html/directives/repeat.js';
import { callbackForm } from './callback-form.js';
import { lasting, moment, number } from './format.js';
import { how, problem } from './parts.js';
import { ask } from './server.js';

const pageSize = 50;
const lettersMax = 20;
/** How long one waits before one looks what became of a letter that is sent again. */
const lookAgainMs = 1_500;

const hubsQuery = `query Registrations($limit: Int!) {
  hubs(orderBy: [{ id: DESC }], limit: $limit) {
    totalCount
    items {
      id
      api
      callback
      query
      principalId
      createdAt
      delivery {
        delivered
        lastDeliveredAt
        deadLetters
        failedAttempts
        lastError
        nextAttemptAt
        lagSeconds
      }
    }
  }
}`;

const lettersQuery = `query DeadLetters($hub: String!, $limit: Int!) {
  hubDeadLetters(filter: { hubId: { eq: $hub } }, orderBy: [{ id: DESC }], limit: $limit) {
    totalCount
    items { id state eventId eventType resourceId attempts error failedAt }
  }
}`;

const resendMutation = 'mutation SendAgain($id: ID!) { resendHubDeadLetter(id: $id) { id state } }';
const deleteMutation = 'mutation Delete($id: ID!) { deleteHub(id: $id) }';

/** Who is told of events, how that goes, and what could not be told. */
export async function events(about, drawPage) {
  /** Of those whose dead letters are open, what is shown of them. */
  const letters = new Map();
  let page = { items: [], totalCount: 0 };
  let said = '';
  let fault = '';

  const draw = () =>
    drawPage(
      'Events',
      html`<section aria-labelledby="events">
        <div class="line">
          <h2 id="events" tabindex="-1">Events</h2>
          <button @click=${() => look('The figures are those of now.')}>Refresh</button>
        </div>
        <p>Callbacks that are told of events, the newest first.</p>
        <p role="status" class="good" id="said">${said}</p>
        ${fault} ${page.items.length === 0 && fault === '' ? html`<p>Nobody is told of events yet.</p>` : ''}
        <ul class="rows">
          ${repeat(
            page.items,
            ({ id }) => id,
            (one) => registration(one, letters.get(one.id), { open, resend, remove }),
          )}
        </ul>
        ${page.totalCount > page.items.length ? html`<p>The last ${page.items.length} of ${page.totalCount}.</p>` : ''}
        ${callbackForm(about, () => look())} ${how(hubsQuery, { limit: pageSize })}
      </section>`,
    );
  const look = async (text = said) => {
    try {
      page = (await ask(hubsQuery, { limit: pageSize })).hubs;
      fault = '';
      said = text;
      await Promise.all([...letters.keys()].map(read));
    } catch (error) {
      fault = problem(error);
      said = '';
    }
    draw();
  };
  const read = async (hub) => {
    const variables = { hub, limit: lettersMax };
    letters.set(
      hub,
      await ask(lettersQuery, variables).then((data) => ({ ...data.hubDeadLetters, variables }), problem),
    );
  };
  const open = async (hub, isOpen) => {
    if (letters.has(hub) === isOpen) return;
    if (!isOpen) return void letters.delete(hub);
    letters.set(hub, undefined);
    await read(hub);
    draw();
  };
  const tell = async (mutation, id, text) => {
    try {
      await ask(mutation, { id });
      await look(text);
    } catch (error) {
      fault = problem(error);
      draw();
    }
  };
  const resend = async ({ id, eventType }) => {
    await tell(resendMutation, id, `${eventType} waits to be sent again.`);
    setTimeout(() => void look(), lookAgainMs);
  };
  const remove = async ({ id, callback }) => {
    letters.delete(id);
    await tell(deleteMutation, id, `${callback} is told of nothing any more.`);
    document.getElementById('events')?.focus();
  };
  await look('');
}

function registration(one, letters, { open, resend, remove }) {
  const { id, api, callback, query, principalId, createdAt, delivery } = one;
  const { deadLetters, lastError, nextAttemptAt } = delivery;
  return html`<li>
    <h3>${callback}</h3>
    <p class="soft">
      <code>${id}</code> ${api ?? 'all APIs'}, of <code>${principalId}</code>, since ${moment(createdAt)}:
      ${query ? html`<code>${query}</code>` : 'all events'}
    </p>
    ${
      lastError
        ? html`<p class="problem">
            It fails: ${lastError}.${nextAttemptAt ? ` Tried again ${moment(nextAttemptAt)}.` : ''}
          </p>`
        : ''
    }
    <dl class="figures">
      ${figures(delivery).map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${
      deadLetters > 0 || letters
        ? html`<details @toggle=${({ target }) => open(id, target.open)}>
            <summary>Dead letters<span class="hidden"> of ${callback}</span></summary>
            ${lettersList(letters, resend)}
          </details>`
        : ''
    }
    <details>
      <summary>Delete<span class="hidden"> ${callback}</span></summary>
      <p>Nothing is sent to it any more, and its dead letters are gone.</p>
      <button @click=${() => remove(one)}>Delete it</button>
    </details>
  </li>`;
}

function figures({ delivered, lastDeliveredAt, deadLetters, failedAttempts, lagSeconds }) {
  return [
    ['Delivered', number(delivered)],
    ['Last', lastDeliveredAt ? moment(lastDeliveredAt) : 'never'],
    ['Behind', lagSeconds === 0 ? 'nothing' : lasting(lagSeconds)],
    ['Failed in a row', number(failedAttempts)],
    ['Dead letters', deadLetters === 1_000 ? '1,000 or more' : number(deadLetters)],
  ];
}

/** `letters`: a page of them, or why there is none; undefined: it is on its way. */
function lettersList(letters, resend) {
  if (letters === undefined) return html`<p class="wait">One moment …</p>`;
  const { items, totalCount, variables } = letters;
  if (!items) return letters;
  return html`<ul class="rows">
      ${repeat(
        items,
        ({ id }) => id,
        (letter) =>
          html`<li>
            <p class="line">
              <span
                ><strong>${letter.eventType}</strong>
                <span class="soft"
                  >of <code>${letter.resourceId}</code>, tried
                  ${letter.attempts === 1 ? 'once' : `${letter.attempts} times`}, given up
                  ${moment(letter.failedAt)}</span
                ></span
              >
              ${
                letter.state === 'waiting'
                  ? html`<span class="state">waits to be sent</span>`
                  : html`<button @click=${() => resend(letter)}>
                      Send again<span class="hidden">: ${letter.eventType} of ${letter.resourceId}</span>
                    </button>`
              }
            </p>
            ${letter.error ? html`<p class="problem">${letter.error}</p>` : ''}
          </li>`,
      )}
    </ul>
    ${items.length === 0 ? html`<p>There are none any more.</p>` : ''}
    ${totalCount > items.length ? html`<p>The last ${items.length} of ${totalCount}.</p>` : ''}
    ${how(lettersQuery, variables)}`;
}
