import { mappingsOf } from '../../../graphql/resource-mapping.js';
import { balanceResources, createPrepayBalance, type PrepayBalance } from '../../domain/prepay-balance/index.js';
import { BALANCE_STALL_MS_MAX } from '../limits.js';
import { seedPrepayBalance } from '../seed/prepay-balance.js';
import type { AppContext, DomainModule } from '../app-context.js';
import type { TenantFacts } from './tenancy.js';

export function createPrepayBalanceModule(
  { config, database, clock, nextId, extensions, logger }: AppContext,
  { zoneOf }: TenantFacts,
): DomainModule<PrepayBalance> {
  const domain = createPrepayBalance(database, {
    clock,
    nextId,
    extensions,
    mappings: mappingsOf(balanceResources),
    zoneOf,
    paymentWaitMs: config.paymentWaitSeconds * 1_000,
    reportStuck: (error, command) => logger.error({ err: error, command }, 'due work cannot be done'),
  });
  const processDueWork = async (signal: AbortSignal): Promise<void> => {
    const processed = await domain.dueWork.processAllTenants(signal);
    if (processed > 0) logger.info({ processed }, 'due work processed');
  };
  return {
    domain,
    repeatingWork: [
      { name: 'settle-balances', everySeconds: 5, expireInSeconds: 300, run: ({ signal }) => processDueWork(signal) },
      {
        name: 'forget-amounts-of-days',
        everySeconds: 3_600,
        expireInSeconds: 60,
        run: () => domain.forgetDayAmounts(),
      },
    ],
    seed: seedPrepayBalance,
    problem: () => (domain.stuckMs() > BALANCE_STALL_MS_MAX ? 'balance actions make no progress' : undefined),
    stop: async () => {
      await domain.drain();
      logger.info({ batchSizes: domain.batchSizes() }, 'balance actions committed');
    },
  };
}
