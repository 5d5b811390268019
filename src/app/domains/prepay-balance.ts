import { mappingsOf } from '../../../graphql/resource-mapping.js';
import { balanceResources, createPrepayBalance, type PrepayBalance } from '../../domain/prepay-balance/index.js';
import { BALANCE_STALL_MS_MAX } from '../limits.js';
import { seedPrepayBalance } from '../seed/prepay-balance.js';
import type { AppContext, DomainModule } from '../app-context.js';

export function createPrepayBalanceModule({
  config,
  database,
  clock,
  nextId,
  extensions,
  logger,
}: AppContext): DomainModule<PrepayBalance> {
  const domain = createPrepayBalance(database, {
    clock,
    nextId,
    extensions,
    mappings: mappingsOf(balanceResources),
    timeZone: config.timeZone,
    paymentWaitMs: config.paymentWaitSeconds * 1_000,
    reportStuck: (error, command) => logger.error({ err: error, command }, 'what is due cannot be done'),
  });
  const settle = async (signal: AbortSignal): Promise<void> => {
    const settled = await domain.dueWork.processAllTenants(signal);
    if (settled > 0) logger.info({ settled }, 'settled what was due');
  };
  return {
    domain,
    repeatingWork: [
      { name: 'settle-balances', everySeconds: 5, expireInSeconds: 300, run: ({ signal }) => settle(signal) },
    ],
    seed: seedPrepayBalance,
    problem: () => (domain.stuckMs() > BALANCE_STALL_MS_MAX ? 'balance actions make no progress' : undefined),
    stop: async () => {
      await domain.drain();
      logger.info({ batchSizes: domain.batchSizes() }, 'balance actions committed');
    },
  };
}
