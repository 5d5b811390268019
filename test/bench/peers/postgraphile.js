// @ts-check
/**
 * PostGraphile 5 on the server's tables, put together as its documents say: the schema it finds in the database, with
 * its plugins for filters and for sums. It is told only that ledger entries belong to buckets, that one may look for
 * the parties of a row, and that one may filter and sort by what no index begins with.
 */
import { createServer } from 'node:http';
import { PgAggregatesPreset } from '@graphile/pg-aggregates';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { jsonPgSmartTags } from 'postgraphile/utils';
import { PostGraphileConnectionFilterPreset } from 'postgraphile-plugin-connection-filter';

const foreignKey = '("tenantId", "bucketId") references "Bucket" ("tenantId", "id")|@foreignFieldName entries';
const ofParties = { attribute: { relatedParty: { tags: { behavior: 'filterBy' } } } };
const tables = {
  LedgerEntry: { tags: { foreignKey } },
  Bucket: ofParties,
  BalanceAction: ofParties,
  Usage: ofParties,
  CustomerBill: ofParties,
  ResourceOrder: ofParties,
};

const instance = postgraphile({
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset, PgAggregatesPreset],
  plugins: [jsonPgSmartTags({ version: 1, config: { class: tables } })],
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  schema: { defaultBehavior: '-insert -update -delete' },
  grafserv: { graphqlPath: '/graphql', graphiql: false },
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ['public'],
      poolConfig: { max: Number(process.env.DATABASE_POOL_SIZE ?? 10) },
    }),
  ],
});

await instance.getSchema();
const answer = instance.createServ(grafserv).createHandler();
const server = createServer((request, response) => {
  if (request.url === '/health/ready') response.end('{}');
  else answer(request, response);
});
server.listen(Number(process.env.PORT), process.env.HOST ?? '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
