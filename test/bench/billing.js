// @ts-check
/** `npm run bench -- --billing`: a bill run over many accounts, killed three times, then two at once; what it takes, and whether all is billed once. */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startServer } from './processes.js';

const root = resolve(import.meta.dirname, '../..');
const ratesPerAccount = 20;
/** The first run is killed when it has billed about these shares of the accounts, one after the other. */
const killedAt = [0.15, 0.3, 0.45];
const pollMs = 50;
const waitMaxMs = 1_800_000;

/** Rates whose sums must be rounded, in two tax rates. @param {number} accounts */
const insertRates = (accounts) => `
  INSERT INTO "AppliedCustomerBillingRate" ("tenantId", "id", "appliedBillingRateType", "date", "isBilled", "name", "taxExcludedAmountValue", "taxExcludedAmountUnit", "appliedTax", "billingAccount", "product", "updatedAt")
  SELECT 'default', '01BENCH' || lpad(a::text, 10, '0') || lpad(n::text, 9, '0'), 'appliedBillingCharge', '2026-02-01T00:00:00Z'::timestamptz + n * interval '1 day', false, 'Rate ' || n,
    0.335 + (a % 7) * 0.01 + n * 0.001, 'EUR', jsonb_build_array(jsonb_build_object('taxCategory', 'VAT', 'taxRate', CASE WHEN n % 2 = 0 THEN 19 ELSE 7 END)),
    jsonb_build_object('id', 'account-' || a, 'name', 'Account ' || a), jsonb_build_object('id', 'product-' || n % 5, 'name', 'Product'), now()
  FROM generate_series(1, ${accounts}) a, generate_series(1, ${ratesPerAccount}) n`;

/** Whatever is not billed exactly once, to exactly what its lines come to. @param {number} accounts */
const selectWrongs = (accounts) => `
  WITH taxes AS (
    SELECT r."bill"->>'id' AS "bill", t->>'taxRate' AS "rate", count(*) AS "lines", sum(r."taxExcludedAmountValue") AS "net", round(sum(r."taxExcludedAmountValue") * (t->>'taxRate')::numeric / 100, 2) AS "tax"
    FROM "AppliedCustomerBillingRate" r, jsonb_array_elements(r."appliedTax") t WHERE r."isBilled" GROUP BY 1, 2
  ), sums AS (SELECT "bill", sum("lines") AS "lines", round(sum("net"), 2) AS "net", round(sum("net"), 2) + sum("tax") AS "total" FROM taxes GROUP BY 1)
  SELECT count(*) || ' rates without a bill' AS "wrong" FROM "AppliedCustomerBillingRate" WHERE NOT "isBilled" HAVING count(*) > 0
  UNION ALL SELECT count(*) || ' bills for ${accounts} accounts' FROM "CustomerBill" HAVING count(*) <> ${accounts} OR count(DISTINCT "billingAccount"->>'id') <> ${accounts}
  UNION ALL SELECT 'bill ' || b."id" || ' differs from its lines' FROM "CustomerBill" b LEFT JOIN sums s ON s."bill" = b."id"
    WHERE s."lines" IS DISTINCT FROM ${ratesPerAccount} OR b."taxExcludedAmountValue" <> s."net" OR b."taxIncludedAmountValue" <> s."total"
  LIMIT 10`;

/** @param {string} databaseUrl @param {number} accounts @param {string[]} profile arguments of node @param {AbortSignal} signal */
export async function benchBilling(databaseUrl, accounts, profile, signal) {
  const client = new pg.Client(databaseUrl);
  // It applies the migrations when it starts.
  const start = () =>
    startServer(root, [...profile, 'dist/src/app/cli/serve.js'], {
      DATABASE_URL: databaseUrl,
      DATABASE_POOL_SIZE: '10',
      LOG_LEVEL: 'error',
    });
  /** @type {import('./processes.js').Server[]} */
  let servers = [await start()];
  let peakBytes = 0;
  const measure = () => {
    peakBytes = Math.max(peakBytes, ...servers.map(({ pid }) => peakOf(pid)));
  };
  try {
    await client.connect();
    await client.query(insertRates(accounts));
    await client.query('VACUUM (ANALYZE) "AppliedCustomerBillingRate"');
    const { id: cycle } = await ask(
      only(servers).origin,
      `mutation { it: createBillCycle(input: { name: "February", billingDate: "2026-03-02T00:00:00Z", billCycleSpecification: { refId: "monthly" },
      validFor: { startDateTime: "2026-02-01T00:00:00Z", endDateTime: "2026-03-01T00:00:00Z" } }) { id } }`,
    );
    const billed = async () => Number((await client.query('SELECT count(*) FROM "CustomerBill"')).rows[0].count);
    /** Waits until it holds, and answers how many bills were made in which time. @param {() => Promise<boolean>} condition */
    const until = async (condition) => {
      const [begin, before] = [performance.now(), await billed()];
      while (!(await condition())) {
        signal.throwIfAborted();
        if (performance.now() - begin > waitMaxMs) throw new Error('the run does not end');
        await sleep(pollMs);
      }
      return { bills: (await billed()) - before, ms: performance.now() - begin };
    };

    for (const share of killedAt) {
      const [server] = servers;
      if (server === undefined) throw new Error('there is a server');
      await begin(server.origin, cycle);
      const { bills, ms } = await until(async () => (await billed()) >= share * accounts);
      measure();
      await server.kill();
      console.log(`  killed at ${Math.round(share * 100)} %: ${rateOf(bills, ms)}`);
      servers = [await start()];
    }
    servers.push(await start());
    const runs = await Promise.all(servers.map(({ origin }) => begin(origin, cycle)));
    const ended = async () =>
      (
        await Promise.all(runs.map((run) => ask(only(servers).origin, `{ it: billRun(id: "${run}") { state } }`)))
      ).every(({ state }) => state === 'done');
    const { bills, ms } = await until(ended);
    measure();
    console.log(`two runs by two servers at once: ${rateOf(bills, ms)}`);
    console.log(`peak memory of a server (VmHWM): ${Math.round(peakBytes / 2 ** 20)} MiB`);
    const { rows } = await client.query(selectWrongs(accounts));
    if (rows.length > 0) throw new Error(`wrong: ${rows.map(({ wrong }) => wrong).join('; ')}`);
    console.log(
      `exact: ${accounts.toLocaleString('en')} accounts have one bill each, ${(accounts * ratesPerAccount).toLocaleString('en')} rates stand on one, and every total is that of its lines`,
    );
  } finally {
    await client.end();
    for (const server of servers) await server.stop();
  }
}

/** @param {import('./processes.js').Server[]} servers */
function only([server]) {
  if (server === undefined) throw new Error('there is a server');
  return server;
}

/** @param {string} origin @param {string} cycle @returns {Promise<string>} */
async function begin(origin, cycle) {
  return (await ask(origin, `mutation { it: runBillCycle(id: "${cycle}") { id } }`)).id;
}

/** @param {string} origin @param {string} query @returns {Promise<any>} */
async function ask(origin, query) {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = /** @type {any} */ (await response.json());
  if (errors) throw new Error(errors[0].message);
  return data.it;
}

/** The most memory it ever had. @param {number} pid */
function peakOf(pid) {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** @param {number} bills @param {number} ms */
const rateOf = (bills, ms) =>
  `${bills.toLocaleString('en')} accounts in ${(ms / 1000).toFixed(1)} s, ${Math.round((bills / ms) * 1000).toLocaleString('en')} accounts/s`;
