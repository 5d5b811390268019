import { html } from './vendor/lit-html/lit-html.js';
import { lasting, number } from './format.js';
import { Look } from './metrics.js';
import { problem, table } from './parts.js';
import { readMetrics } from './server.js';

const everyMs = 5_000;
/** The first figures by the second come after a second look. */
const soonMs = 1_000;

/** How the server does, read again every few seconds while somebody looks. */
export async function operations(drawPage) {
  let look;
  let fault = '';
  let isPaused = false;
  let timer;

  const read = async () => {
    try {
      look = new Look(await readMetrics(), Date.now(), look);
      // Of the looks before no more is needed.
      if (look.before) look.before.before = undefined;
      fault = '';
    } catch (error) {
      fault = problem(error);
    }
  };
  const draw = () => drawPage('Operations', view({ look, fault, isPaused, pause }));
  const turn = async () => {
    if (!document.hidden) await read();
    if (draw()) plan(everyMs);
    else document.removeEventListener('visibilitychange', shown);
  };
  const plan = (ms) => {
    clearTimeout(timer);
    if (!isPaused) timer = setTimeout(() => void turn(), ms);
  };
  const pause = () => {
    isPaused = !isPaused;
    draw();
    plan(0);
  };
  const shown = () => {
    if (!document.hidden) plan(0);
  };
  document.addEventListener('visibilitychange', shown);
  await read();
  draw();
  plan(soonMs);
}

function view({ look, fault, isPaused, pause }) {
  return html`<section aria-labelledby="operations">
      <div class="line">
        <h2 id="operations" tabindex="-1">Operations</h2>
        <button aria-pressed=${String(isPaused)} @click=${pause}>Pause</button>
      </div>
      <p class="soft">
        What this server and its workers did since the look before, every ${everyMs / 1_000} seconds, and what is in the
        database. The same as <code>/metrics</code> tells Prometheus.
      </p>
      ${fault} ${look ? glance(look) : ''}
    </section>
    ${look ? html`<div class="panels">${[connections, balances, told, imports, replica].map((one) => one(look))}</div>` : ''}
    ${look ? panel('rights', 'By operation', operationsTable(look)) : ''}
    ${look ? panel('jobs', 'Background jobs', jobsTable(look)) : ''}`;
}

const panel = (id, title, content) =>
  html`<section aria-labelledby=${id}>
    <h3 id=${id}>${title}</h3>
    ${content}
  </section>`;

const figures = (rows) =>
  html`<dl class="figures">
    ${rows.map(
      ([name, value, isBad]) =>
        html`<div>
          <dt>${name}</dt>
          <dd class=${isBad ? 'problem' : ''}>
            ${value}${isBad ? html`<span class="hidden"> (look at this)</span>` : ''}
          </dd>
        </div>`,
    )}
  </dl>`;

const count = (value) => (value === undefined ? '–' : number(value));
const rate = (value) =>
  value === undefined ? '–' : `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(value)}/s`;
const time = (seconds) => {
  if (seconds === undefined) return '–';
  return seconds < 1 ? `${number(Math.round(seconds * 10_000) / 10)} ms` : `${number(seconds)} s`;
};
const length = (seconds) => (seconds === undefined ? '–' : seconds < 1 ? 'nothing' : lasting(seconds));
const bytes = (value) => (value === undefined ? '–' : `${number(Math.round(value / 100_000) / 10)} MB`);

function glance(look) {
  const requests = 'tmf_http_request_duration_seconds';
  const ofClients = ({ surface }) => surface === 'graphql' || surface === 'rest';
  const failed = look.perSecond(`${requests}_count`, (labels) => ofClients(labels) && Number(labels.status) >= 500);
  const { version, database, migration } = look.all('tmf_server_info')[0]?.labels ?? {};
  const isUp = look.sum('tmf_database_up') === 1;
  return html`${figures([
      ['Requests', rate(look.perSecond(`${requests}_count`, ofClients))],
      ['Failed (5xx)', rate(failed), failed > 0],
      ['Half took at most', time(look.quantile('tmf_operation_duration_seconds', 0.5))],
      ['95 % took at most', time(look.quantile('tmf_operation_duration_seconds', 0.95))],
      ['Event loop behind (p99)', time(look.max('nodejs_eventloop_lag_p99_seconds'))],
      ['Memory', bytes(look.sum('process_resident_memory_bytes'))],
      ['Processes', count(look.sum('tmf_workers'))],
      ['Database', isUp ? 'answers' : 'does not say all', !isUp],
      ['Size of the database', bytes(look.max('tmf_database_bytes'))],
    ])}
    <p class="soft">
      Server ${version ?? '–'}, PostgreSQL ${database ?? '–'}, last migration <code>${migration ?? '–'}</code>.
    </p>`;
}

function connections(look) {
  const name = 'tmf_database_connections';
  const rows = look
    .values(name, 'class')
    .map((one) => [
      one,
      count(look.sum(name, { class: one, state: 'busy' })),
      count(look.sum(name, { class: one, state: 'idle' })),
      count(look.sum(`${name}_awaited`, { class: one })),
    ]);
  const content =
    rows.length === 0
      ? html`<p>The embedded database has one.</p>`
      : table('Connections by class of work', ['Class', 'Busy', 'Idle', 'Awaited'], rows);
  return panel('connections', 'Connections', content);
}

function balances(look) {
  const stalled = look.max('tmf_balance_actions_stalled_seconds');
  const behind = look.max('tmf_due_work_behind_seconds');
  const lanes = (state) => count(look.sum('tmf_balance_lanes', { state }));
  return panel(
    'balances',
    'Balance actions',
    figures([
      ['Batches', rate(look.perSecond('tmf_balance_batches_total'))],
      ['Lanes busy, free', `${lanes('busy')}, ${lanes('free')}`],
      ['Wait for a lane', count(look.sum('tmf_balance_lane_queue'))],
      ['Wait for their answer', count(look.sum('tmf_balance_actions_waiting'))],
      ['Stalled for', length(stalled), stalled >= 1],
      ['Due work behind', length(behind), behind >= 60],
    ]),
  );
}

function told(look) {
  const [failing, letters] = ['tmf_hub_failing', 'tmf_hub_dead_letters'].map((name) => look.max(name));
  const brokers = look.values('tmf_broker_lag_seconds', 'broker').flatMap((broker) => {
    const fails = look.sum('tmf_broker_failing_seconds', { broker });
    return [
      [`${broker} behind`, length(look.sum('tmf_broker_lag_seconds', { broker }))],
      [`${broker} fails for`, length(fails), fails > 0],
    ];
  });
  return panel(
    'told',
    'Events',
    html`${figures([
        ['Kept', count(look.max('tmf_outbox_events'))],
        ['The oldest is of', length(look.max('tmf_outbox_age_seconds'))],
        ['Registrations', count(look.max('tmf_hub_registrations'))],
        ['Failing', count(failing), failing > 0],
        ['Behind', length(look.max('tmf_hub_lag_seconds'))],
        ['Dead letters', count(letters), letters > 0],
        ['Subscriptions', count(look.sum('tmf_subscriptions'))],
        ...brokers,
      ])}
      <p class="how"><a href="?events">Registrations and dead letters</a></p>`,
  );
}

function imports(look) {
  const silent = look.max('tmf_usage_import_silent_seconds');
  return panel(
    'imports',
    'Imports',
    figures([
      ...look
        .values('tmf_usage_imports', 'status')
        .map((status) => [status, count(look.sum('tmf_usage_imports', { status }))]),
      ['The oldest runs for', length(look.max('tmf_usage_import_age_seconds'))],
      ['One is silent for', length(silent), silent >= 300],
    ]),
  );
}

/** Where there is one. */
function replica(look) {
  const isUsed = look.max('tmf_replica_used');
  if (isUsed === undefined) return '';
  const reads = (place) => rate(look.perSecond('tmf_replica_reads_total', (labels) => labels.place === place));
  return panel(
    'replica',
    'Replica',
    figures([
      ['Is read', isUsed === 0 ? 'no' : 'yes', isUsed === 0],
      ['Behind at most', length(look.max('tmf_replica_lag_seconds'))],
      ['Statements there', reads('replica')],
      ['At the primary', reads('primary')],
    ]),
  );
}

function operationsTable(look) {
  const name = 'tmf_operation_duration_seconds';
  const rows = look
    .values('tmf_operations_total', 'operation')
    .map((operation) => ({
      operation,
      perSecond: look.perSecond('tmf_operations_total', (labels) => labels.operation === operation),
      refused: look.perSecond(
        'tmf_operations_total',
        (labels) => labels.operation === operation && labels.outcome !== 'ok',
      ),
      all: look.sum('tmf_operations_total', { operation }),
    }))
    .sort((one, other) => (other.perSecond ?? 0) - (one.perSecond ?? 0) || other.all - one.all)
    .map(({ operation, perSecond, refused, all }) => [
      operation,
      rate(perSecond),
      rate(refused),
      time(look.quantile(name, 0.5, { operation })),
      time(look.quantile(name, 0.95, { operation })),
      count(all),
    ]);
  if (rows.length === 0) return html`<p>None has ended yet.</p>`;
  return table(
    'By operation',
    ['Operation', 'Ended', 'Refused', 'Half at most', '95 % at most', 'Since the start'],
    rows,
  );
}

function jobsTable(look) {
  const rows = look.values('tmf_jobs', 'job').map((job) => {
    const [waiting, active, dead] = ['waiting', 'active', 'dead'].map((state) => look.sum('tmf_jobs', { job, state }));
    const overdue = look.sum('tmf_job_overdue_seconds', { job });
    const sent = look.sum('tmf_job_sent_seconds', { job });
    return [
      job,
      count(waiting),
      count(active),
      dead > 0 ? html`<strong class="problem">${count(dead)}</strong>` : count(dead),
      sent === undefined ? '–' : `${lasting(sent)} ago`,
      overdue >= 60 ? html`<strong class="problem">${lasting(overdue)}</strong>` : length(overdue),
    ];
  });
  return table('Background jobs', ['Job', 'Waiting', 'Running', 'Dead', 'Last run', 'Overdue'], rows);
}
