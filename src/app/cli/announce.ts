import type { Config } from '../../platform/config.js';

/** Prints for people where the server answers. */
export function announce(origin: string, config: Config): void {
  const lines = [
    `GraphQL  ${origin}/graphql`,
    `REST     ${origin}/tmf-api/prepayBalanceManagement/v4/bucket`,
    ...(config.arePagesShown ? [`Docs     ${origin}/docs`] : []),
    `Data     ${config.databaseUrl ? 'PostgreSQL' : config.dataDir}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
