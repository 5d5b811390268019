import { mappingsOf } from '../../../graphql/resource-mapping.js';
import { balanceResources, createPrepayBalance, type PrepayBalance } from '../../domain/prepay-balance/index.js';
import type { Clock } from '../../platform/clock.js';
import { figuresBy, type Figure } from '../../platform/figures.js';
import { BALANCE_STALL_MS_MAX } from '../limits.js';
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
    expiringDays: config.expiringDays,
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
        name: 'tell-expiring-buckets',
        everySeconds: 5,
        expireInSeconds: 300,
        run: ({ signal }) => domain.expiring.tell(signal),
      },
      {
        name: 'forget-amounts-of-days',
        everySeconds: 3_600,
        expireInSeconds: 60,
        run: ({ signal }) => domain.forgetDayAmounts(signal),
      },
    ],
    figures: { own: () => ownFigures(domain), shared: () => sharedFigures(domain, clock) },
    problem: () => (domain.stuckMs() > BALANCE_STALL_MS_MAX ? 'balance actions make no progress' : undefined),
    stop: async () => {
      await domain.drain();
      logger.info({ batchSizes: domain.batchSizes() }, 'balance actions committed');
    },
  };
}

function ownFigures(domain: PrepayBalance): Figure[] {
  const { lanes, busy, waiting, heldUp } = domain.laneUse();
  return [
    ...figuresBy(
      { name: 'balance_lanes', help: 'Lanes in which balance actions are committed.', kind: 'gauge' },
      'state',
      { busy, free: lanes - busy },
    ),
    ...figuresBy(
      {
        name: 'balance_lane_queue',
        help: 'Requests for balance actions that wait for a lane; held up: for balances that another server has locked.',
        kind: 'gauge',
      },
      'state',
      { waiting: waiting - heldUp, 'held up': heldUp },
    ),
    {
      name: 'balance_actions_waiting',
      help: 'Requests for balance actions that wait for their answer.',
      kind: 'gauge',
      value: domain.waiting(),
    },
    {
      name: 'balance_actions_stalled_seconds',
      help: 'For how long balance actions have been waiting without any progress.',
      kind: 'gauge',
      value: domain.stuckMs() / 1_000,
    },
    ...figuresBy(
      { name: 'balance_batches_total', help: 'Batches of balance actions, by how many they had.', kind: 'counter' },
      'size',
      domain.batchSizes(),
    ),
  ];
}

async function sharedFigures(domain: PrepayBalance, clock: Clock): Promise<Figure[]> {
  const since = await domain.oldestDue();
  return [
    {
      name: 'due_work_behind_seconds',
      help: 'Since when lapses, expiries or scheduled top-ups are due that were not processed yet.',
      kind: 'gauge',
      value: since === undefined ? 0 : (clock.now().getTime() - since.getTime()) / 1_000,
    },
  ];
}
