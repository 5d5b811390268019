import { describe, expect, it } from '@jest/globals';
import type { CancelCommand, CreateCommand, Locator } from '../../../src/domain/prepay-balance/command/commands.js';
import { decideRecording } from '../../../src/domain/prepay-balance/decide/awaited.js';
import { isRefusal, type Decision, type DecisionContext } from '../../../src/domain/prepay-balance/decide/decision.js';
import { burnOrder, candidatesMax } from '../../../src/domain/prepay-balance/decide/draw.js';
import { decide, lapse } from '../../../src/domain/prepay-balance/decide/rules.js';
import type { ActionState, BucketState } from '../../../src/domain/prepay-balance/decide/state.js';
import { Decimal } from '../../../src/platform/decimal.js';

// What each command makes of a given state, and the words of each refusal.

const now = new Date('2026-03-01T12:00:00.000Z');
const [past, soon, late] = [new Date('2026-02-01'), new Date('2026-04-01'), new Date('2026-05-01')];

const eur = (amount: number | string, units = 'EUR'): { amount: Decimal; units: string } => ({
  amount: new Decimal(amount),
  units,
});
const bucket = (id: string, remaining: number | string, more: Partial<BucketState> = {}): BucketState => ({
  id,
  status: 'active',
  usageType: 'monetary',
  units: 'EUR',
  remaining: new Decimal(remaining),
  reserved: new Decimal(0),
  priority: undefined,
  amountScale: 0,
  validFrom: undefined,
  validUntil: undefined,
  revision: 1,
  entrySequence: 1,
  lastEntryAt: now,
  autoTopup: undefined,
  thresholds: [],
  lastReachedThreshold: undefined,
  lastCredit: undefined,
  depletedAt: undefined,
  ...more,
});
const named = (bucketId: string): Locator => ({ kind: 'bucket', bucketId });
const match: Locator = { kind: 'match', conditions: [], usageType: undefined, units: 'EUR' };
const action = (more: Partial<ActionState> = {}): ActionState =>
  ({
    kind: 'reserveBalance',
    id: 'r',
    status: 'created',
    units: 'EUR',
    usageType: 'monetary',
    dueAt: undefined,
    holds: [],
    effects: [],
    snapshot: {},
    ...more,
  }) as ActionState;
const hold = (bucketId: string, amount: number | string): ActionState['holds'][number] => ({
  bucketId,
  amount: new Decimal(amount),
});

const command = (type: string, more: object = {}): CreateCommand | CancelCommand =>
  ({ type, amount: eur(10), locator: match, usageType: undefined, attributes: {}, ...more }) as CreateCommand;
const context = (candidates: readonly BucketState[], more: Partial<DecisionContext> = {}): DecisionContext => ({
  candidates,
  receivers: [],
  action: undefined,
  now,
  ...more,
});

/** A decision as text: what moves where, and what follows; or the refusal. */
function shown(decision: Decision): unknown {
  if (isRefusal(decision)) return `${decision.code}: ${decision.message}`;
  const moves = decision.movements.map(
    ({ bucketId, entryType, units, remainingDelta, reservedDelta }) =>
      `${entryType} ${bucketId} ${remainingDelta.toFixed()} ${reservedDelta.toFixed()} ${units}`,
  );
  const { holds, endedAction, autoTopup, extension } = decision;
  return [
    ...moves,
    ...(holds ?? []).map(({ bucketId, amount }) => `holds ${amount.toFixed()} in ${bucketId}`),
    ...(endedAction ? [`${endedAction.action.id} is ${endedAction.status}`] : []),
    ...(autoTopup ? [`watches ${autoTopup.bucketId} below ${autoTopup.threshold.toFixed()}`] : []),
    ...(extension ? [`${extension.bucketId} until ${extension.validUntil?.toISOString().slice(0, 10)}`] : []),
    `amount ${decision.amount.amount.toFixed()} ${decision.amount.units}`,
  ];
}

type Row = [what: string, command: CreateCommand | CancelCommand, context: DecisionContext, expected: unknown];
const none = context([]);
const noMatch =
  'BUCKET_UNKNOWN: no active bucket counting EUR matches the given product, logicalResource, partyAccount or relatedParty';
const suspended = bucket('s', 50, { status: 'suspended' });
const expired = bucket('e', 50, { status: 'expired' });
const over = bucket('o', 50, { validUntil: now });
const early = bucket('f', 50, { validFrom: soon });
const seconds = bucket('h', 2, { units: 'h' });
const many = Array.from({ length: 7 }, (_, index) => bucket(`b${index}`, 5));

const credits: Row[] = (['topup', 'credit'] as const).flatMap((type): Row[] => {
  const to = (locator: Locator, more: object = {}): CreateCommand | CancelCommand =>
    command(type, { locator, ...more });
  return [
    [`${type} of a bucket`, to(named('a')), context([bucket('a', 5)]), [`${type} a 10 0 EUR`, 'amount 10 EUR']],
    [
      `${type} of the only match`,
      to(match),
      context([bucket('a', 5), suspended, expired, seconds]),
      [`${type} a 10 0 EUR`, 'amount 10 EUR'],
    ],
    [
      `${type} of a bucket without units`,
      to(named('a')),
      context([bucket('a', 0, { units: undefined })]),
      [`${type} a 10 0 EUR`, 'amount 10 EUR'],
    ],
    [
      `${type} in other units`,
      to(named('h'), { amount: eur(90, 'min') }),
      context([seconds]),
      [`${type} h 1.5 0 h`, 'amount 90 min'],
    ],
    [`${type} of none`, to(named('x')), none, "BUCKET_UNKNOWN: bucket 'x' does not exist"],
    [`${type} of no match`, to(match), context([suspended]), noMatch],
    [
      `${type} of several`,
      to(match),
      context([bucket('a', 1), bucket('b', 1)]),
      "BUCKET_AMBIGUOUS: several buckets match: 'a', 'b'; name one with bucket.id",
    ],
    [
      `${type} of five`,
      to(match),
      context(many.slice(0, 5)),
      "BUCKET_AMBIGUOUS: several buckets match: 'b0', 'b1', 'b2', 'b3', 'b4'; name one with bucket.id",
    ],
    [
      `${type} of many`,
      to(match),
      context(many),
      "BUCKET_AMBIGUOUS: several buckets match: 'b0', 'b1', 'b2', 'b3', 'b4' and more; name one with bucket.id",
    ],
    [
      `${type} in units that do not fit`,
      to(named('h')),
      context([seconds]),
      "UNITS_MISMATCH: bucket 'h' counts h, not EUR",
    ],
    [
      `${type} that does not end`,
      to(named('h'), { amount: eur(1, 's') }),
      context([seconds]),
      "UNITS_MISMATCH: bucket 'h' counts h, and 1 s cannot be told exactly in it",
    ],
    [`${type} of a suspended one`, to(named('s')), context([suspended]), "BUCKET_SUSPENDED: bucket 's' is suspended"],
    [`${type} of an expired one`, to(named('e')), context([expired]), "BUCKET_EXPIRED: bucket 'e' is expired"],
    [`${type} of one that ends now`, to(named('o')), context([over]), "BUCKET_EXPIRED: bucket 'o' is expired"],
    [
      `${type} of one that begins now`,
      to(named('a')),
      context([bucket('a', 5, { validFrom: now })]),
      [`${type} a 10 0 EUR`, 'amount 10 EUR'],
    ],
    [
      `${type} of one to come`,
      to(named('f')),
      context([early]),
      "BUCKET_NOT_YET_VALID: bucket 'f' is valid from 2026-04-01T00:00:00.000Z on",
    ],
    [
      `${type} to the limit`,
      to(named('a')),
      context([bucket('a', '999999999999980', { reserved: new Decimal(10) })]),
      [`${type} a 10 0 EUR`, 'amount 10 EUR'],
    ],
    [
      `${type} beyond the limit`,
      to(named('a')),
      context([bucket('a', '999999999999990', { reserved: new Decimal(1) })]),
      "BALANCE_LIMIT: bucket 'a' cannot hold 1000000000000001 exactly: at most 15 digits, decimals included",
    ],
    [
      `${type} finer than the balance takes`,
      to(named('a'), { amount: eur('0.01') }),
      context([bucket('a', '99999999999999')]),
      "BALANCE_LIMIT: bucket 'a' cannot hold 99999999999999.01 exactly: at most 15 digits, decimals included",
    ],
  ];
});

const draws: Row[] = (['debit', 'reserve'] as const).flatMap((type): Row[] => {
  const from = (locator: Locator, more: object = {}): CreateCommand | CancelCommand =>
    command(type, { locator, ...more });
  const taken = (id: string, amount: string, units = 'EUR'): string =>
    `${type} ${id} -${amount} ${type === 'reserve' ? amount : '0'} ${units}`;
  const held = (id: string, amount: string): string[] => (type === 'reserve' ? [`holds ${amount} in ${id}`] : []);
  return [
    [
      `${type} of all there is`,
      from(named('a')),
      context([bucket('a', 10)]),
      [taken('a', '10'), ...held('a', '10'), 'amount 10 EUR'],
    ],
    [
      `${type} of too much`,
      from(named('a')),
      context([bucket('a', 9)]),
      "INSUFFICIENT_REMAINING: bucket 'a' has 9 EUR left, 10 EUR were asked for",
    ],
    [
      `${type} of too much from two`,
      from(match),
      context([bucket('a', 4), bucket('b', '0.5')]),
      "INSUFFICIENT_REMAINING: bucket 'a', 'b' has 4.5 EUR left, 10 EUR were asked for",
    ],
    [
      `${type} of two in order`,
      from(match),
      context([bucket('b', 6), bucket('a', 6, { priority: 2 })]),
      [taken('a', '6'), taken('b', '4'), ...held('a', '6'), ...held('b', '4'), 'amount 10 EUR'],
    ],
    [
      `${type} passes over the empty`,
      from(match),
      context([bucket('a', 0), bucket('b', 20)]),
      [taken('b', '10'), ...held('b', '10'), 'amount 10 EUR'],
    ],
    [
      `${type} of what is usable`,
      from(match),
      context([suspended, expired, over, early, seconds, bucket('a', 20)]),
      [taken('a', '10'), ...held('a', '10'), 'amount 10 EUR'],
    ],
    [`${type} of nothing usable`, from(match), context([suspended]), noMatch],
    [`${type} of none`, from(named('x')), none, "BUCKET_UNKNOWN: bucket 'x' does not exist"],
    [`${type} of no match`, from(match), none, noMatch],
    [
      `${type} in units that do not fit`,
      from(named('h')),
      context([seconds]),
      "UNITS_MISMATCH: bucket 'h' counts h, not EUR",
    ],
    [`${type} of a suspended one`, from(named('s')), context([suspended]), "BUCKET_SUSPENDED: bucket 's' is suspended"],
    [
      `${type} of a named one only`,
      from(named('a')),
      context([bucket('a', 3), bucket('b', 30)]),
      "INSUFFICIENT_REMAINING: bucket 'a' has 3 EUR left, 10 EUR were asked for",
    ],
    [
      `${type} in finer units`,
      from(named('h'), { amount: eur(90, 'min') }),
      context([seconds]),
      [taken('h', '1.5', 'h'), ...held('h', '1.5'), 'amount 90 min'],
    ],
    [
      `${type} that does not end`,
      from(named('h'), { amount: eur(1, 's') }),
      context([seconds]),
      "UNITS_MISMATCH: bucket 'h' counts h, and 1 s cannot be told exactly in it",
    ],
    [
      `${type} finer than the balance takes`,
      from(named('a'), { amount: eur('0.01') }),
      context([bucket('a', '99999999999999')]),
      "BALANCE_LIMIT: bucket 'a' cannot hold 99999999999999 exactly: at most 15 digits, decimals included",
    ],
    [
      `${type} of a bucket without units`,
      from(named('a')),
      context([bucket('a', 0, { units: undefined })]),
      "INSUFFICIENT_REMAINING: bucket 'a' has 0 EUR left, 10 EUR were asked for",
    ],
    [
      `${type} of as many as may be`,
      from(match, { amount: eur(1) }),
      context(Array.from({ length: candidatesMax }, (_, index) => bucket(`b${index + 100}`, 1))),
      [taken('b100', '1'), ...held('b100', '1'), 'amount 1 EUR'],
    ],
    [
      `${type} of too many`,
      from(match),
      context(Array.from({ length: candidatesMax + 1 }, (_, index) => bucket(`b${index + 100}`, 1))),
      "BUCKET_AMBIGUOUS: several buckets match: 'b100', 'b101', 'b102', 'b103', 'b104' and more; name one with bucket.id",
    ],
    [
      `${type} beside used-up ones`,
      from(match),
      context(Array.from({ length: candidatesMax + 1 }, (_, index) => bucket(`b${index + 100}`, index ? 0 : 10))),
      [taken('b100', '10'), ...held('b100', '10'), 'amount 10 EUR'],
    ],
  ];
});

const reservation = action({ holds: [hold('a', 6), hold('b', 4)] });
const holding = [bucket('a', 1, { reserved: new Decimal(6) }), bucket('b', 1, { reserved: new Decimal(4) })];
const ofReservation = (more: Partial<DecisionContext> = {}): DecisionContext =>
  context(holding, { action: reservation, ...more });
const commit = (amount?: { amount: Decimal; units: string }): CreateCommand | CancelCommand =>
  command('commit', { actionId: 'r', amount });
const cancel = command('cancel', { actionId: 'r', kind: 'reserveBalance', changes: {} });
const topup = (more: Partial<ActionState>): ActionState =>
  action({ kind: 'topupBalance', id: 't', status: 'completed', ...more });
const effect = (bucketId: string, net: number | string): ActionState['effects'][number] => ({
  bucketId,
  net: new Decimal(net),
});

const endings: Row[] = [
  [
    'a commit of all',
    commit(),
    ofReservation(),
    ['commit a 0 -6 EUR', 'commit b 0 -4 EUR', 'r is completed', 'amount 10 EUR'],
  ],
  [
    'a commit of all, said',
    commit(eur(10)),
    ofReservation(),
    ['commit a 0 -6 EUR', 'commit b 0 -4 EUR', 'r is completed', 'amount 10 EUR'],
  ],
  [
    'a commit of a part',
    commit(eur(7)),
    ofReservation(),
    ['commit a 0 -6 EUR', 'commit b 0 -1 EUR', 'release b 3 -3 EUR', 'r is completed', 'amount 7 EUR'],
  ],
  [
    'a commit of less than the first',
    commit(eur(6)),
    ofReservation(),
    ['commit a 0 -6 EUR', 'release b 4 -4 EUR', 'r is completed', 'amount 6 EUR'],
  ],
  [
    'a commit of too much',
    commit(eur(11)),
    ofReservation(),
    "COMMIT_ABOVE_RESERVED: reserveBalance 'r' holds 10 EUR, 11 were to be committed",
  ],
  [
    'a commit in other units',
    commit(eur(1, 's')),
    ofReservation(),
    "UNITS_MISMATCH: reserveBalance 'r' holds EUR, not s",
  ],
  ['a commit of none', commit(), context([]), "RESERVATION_UNKNOWN: reserveBalance 'r' does not exist"],
  [
    'a commit of an ended one',
    commit(),
    ofReservation({ action: { ...reservation, status: 'cancelled' } }),
    "RESERVATION_NOT_LIVE: reserveBalance 'r' is not live: it is cancelled",
  ],
  [
    'a commit of a lapsed one',
    commit(),
    ofReservation({ action: { ...reservation, dueAt: now } }),
    "RESERVATION_NOT_LIVE: reserveBalance 'r' is not live: it is expired",
  ],
  [
    'a commit before it lapses',
    commit(),
    ofReservation({ action: { ...reservation, dueAt: soon } }),
    ['commit a 0 -6 EUR', 'commit b 0 -4 EUR', 'r is completed', 'amount 10 EUR'],
  ],
  [
    'a commit that does not end',
    commit(eur(1, 's')),
    context([bucket('h', 1, { units: 'h', reserved: new Decimal(1) })], {
      action: action({ units: 'h', holds: [hold('h', 1)] }),
    }),
    "UNITS_MISMATCH: bucket 'h' counts h, and 1 s cannot be told exactly in it",
  ],
  [
    'a commit in minutes of hours',
    commit(eur(30, 'min')),
    context([bucket('h', 1, { units: 'h', reserved: new Decimal(1) })], {
      action: action({ units: 'h', holds: [hold('h', 1)] }),
    }),
    ['commit h 0 -0.5 h', 'release h 0.5 -0.5 h', 'r is completed', 'amount 30 min'],
  ],
  [
    'a commit of what buckets of several units hold',
    commit(),
    context([bucket('h', 1, { units: 'h' }), bucket('m', 1, { units: 'min' })], {
      action: action({ units: 'h', holds: [hold('h', 1), hold('m', 30)] }),
    }),
    ['commit h 0 -1 h', 'commit m 0 -30 min', 'r is completed', 'amount 1.5 h'],
  ],
  [
    'a commit finer than the balance takes',
    commit(eur('0.01')),
    context([bucket('a', '99999999999998', { reserved: new Decimal(1) })], {
      action: action({ holds: [hold('a', 1)] }),
    }),
    "BALANCE_LIMIT: bucket 'a' cannot hold 99999999999999 exactly: at most 15 digits, decimals included",
  ],
  [
    'a release',
    cancel,
    ofReservation(),
    ['release a 6 -6 EUR', 'release b 4 -4 EUR', 'r is cancelled', 'amount 0 EUR'],
  ],
  [
    'a release of a lapsed one',
    cancel,
    ofReservation({ action: { ...reservation, dueAt: past } }),
    "RESERVATION_NOT_LIVE: reserveBalance 'r' is not live: it is expired",
  ],
  [
    'a release of a completed one',
    cancel,
    ofReservation({ action: { ...reservation, status: 'completed' } }),
    "RESERVATION_NOT_LIVE: reserveBalance 'r' is not live: it is completed",
  ],
  [
    'a cancelled scheduled top-up',
    cancel,
    context([], { action: topup({ status: 'created' }) }),
    ['t is cancelled', 'amount 0 EUR'],
  ],
  [
    'the reversal of a top-up',
    cancel,
    context([bucket('a', 10)], { action: topup({ effects: [effect('a', 10)] }) }),
    ['reversal a -10 0 EUR', 't is cancelled', 'amount 0 EUR'],
  ],
  [
    'the reversal of a transfer, in each of its buckets',
    cancel,
    context([bucket('a', 0), bucket('z', 10)], {
      action: topup({ kind: 'transferBalance', effects: [effect('a', -10), effect('z', 10)] }),
    }),
    ['reversal a 10 0 EUR', 'reversal z -10 0 EUR', 't is cancelled', 'amount 0 EUR'],
  ],
  [
    'the reversal of a debit, wherever',
    cancel,
    context([bucket('s', 1, { status: 'suspended' })], {
      action: topup({ kind: 'adjustBalance', effects: [effect('s', -10)] }),
    }),
    ['reversal s 10 0 EUR', 't is cancelled', 'amount 0 EUR'],
  ],
  [
    'the reversal of what is spent',
    cancel,
    context([bucket('a', 9)], { action: topup({ effects: [effect('a', 10)] }) }),
    "INSUFFICIENT_REMAINING: bucket 'a' has 9 EUR left, 10 EUR were asked for",
  ],
  [
    'the reversal of nothing',
    cancel,
    context([bucket('a', 9)], { action: topup({ effects: [effect('a', 0)] }) }),
    "CONFLICT: topupBalance 't' moved nothing itself and cannot be reversed: cancel the actions it led to",
  ],
  [
    'the reversal in a bucket that is gone',
    cancel,
    context([], { action: topup({ effects: [effect('a', 10)] }) }),
    "CONFLICT: topupBalance 't' cannot be reversed: bucket 'a' does not exist any more",
  ],
  [
    'a reversal beyond the limit',
    cancel,
    context([bucket('a', '999999999999999')], { action: topup({ effects: [effect('a', -10)] }) }),
    "BALANCE_LIMIT: bucket 'a' cannot hold 1000000000000009 exactly: at most 15 digits, decimals included",
  ],
];

const until = (validUntil: Date | undefined, locator: Locator = named('e')): CreateCommand | CancelCommand =>
  command('topup', { locator, validUntil });
const extensions: Row[] = [
  [
    'a top-up that revives',
    until(late),
    context([bucket('e', 5, { status: 'expired', validUntil: past })]),
    ['topup e 10 0 EUR', 'e until 2026-05-01', 'amount 10 EUR'],
  ],
  [
    'a top-up that revives one without an end',
    until(late),
    context([bucket('e', 5, { status: 'expired' })]),
    ['topup e 10 0 EUR', 'e until 2026-05-01', 'amount 10 EUR'],
  ],
  [
    'a top-up that revives one with a later end',
    until(soon),
    context([bucket('e', 5, { status: 'expired', validUntil: late })]),
    ['topup e 10 0 EUR', 'e until 2026-05-01', 'amount 10 EUR'],
  ],
  [
    'a top-up that prolongs',
    until(late),
    context([bucket('e', 5, { validUntil: soon })]),
    ['topup e 10 0 EUR', 'e until 2026-05-01', 'amount 10 EUR'],
  ],
  [
    'a top-up to the same end',
    until(soon),
    context([bucket('e', 5, { validUntil: soon })]),
    ['topup e 10 0 EUR', 'amount 10 EUR'],
  ],
  [
    'a top-up that ends sooner',
    until(soon),
    context([bucket('e', 5, { validUntil: late })]),
    ['topup e 10 0 EUR', 'amount 10 EUR'],
  ],
  ['a top-up of an endless one', until(late), context([bucket('e', 5)]), ['topup e 10 0 EUR', 'amount 10 EUR']],
  [
    'a top-up whose end is past',
    until(now),
    context([bucket('e', 5, { status: 'expired' })]),
    "BUCKET_EXPIRED: bucket 'e' is expired",
  ],
  ...[past, now].map((end): Row => [
    `a top-up until ${end === now ? 'now' : 'before'} of an expired bucket with a later end`,
    until(end),
    context([bucket('e', 5, { status: 'expired', validUntil: late })]),
    "BUCKET_EXPIRED: bucket 'e' is expired",
  ]),
  [
    'a top-up that would prolong a suspended bucket',
    until(late, named('s')),
    context([bucket('s', 50, { status: 'suspended', validUntil: soon })]),
    "BUCKET_SUSPENDED: bucket 's' is suspended",
  ],
  [
    'a top-up that prolongs the one that it fills',
    until(late, match),
    context([bucket('s', 50, { status: 'suspended', validUntil: soon }), bucket('e', 5, { validUntil: soon })]),
    ['topup e 10 0 EUR', 'e until 2026-05-01', 'amount 10 EUR'],
  ],
  [
    'a refund of a suspended bucket',
    command('credit', { locator: named('s'), isRefund: true }),
    context([suspended]),
    ['credit s 10 0 EUR', 'amount 10 EUR'],
  ],
];

const scheduled = (threshold?: { amount: Decimal; units: string }, more: object = {}): CreateCommand =>
  command('scheduled', {
    topup: command('topup', { locator: named('a'), ...more }),
    threshold,
    requestedDate: undefined,
  }) as CreateCommand;
const schedules: Row[] = [
  ['a scheduled top-up', scheduled(), context([bucket('a', 5)]), ['amount 10 EUR']],
  ['an automatic one', scheduled(eur(3)), context([bucket('a', 5)]), ['watches a below 3', 'amount 10 EUR']],
  [
    'an automatic one in other units',
    scheduled(eur(30, 'min'), { locator: named('h'), amount: eur(1, 'h') }),
    context([seconds]),
    ['watches h below 0.5', 'amount 1 h'],
  ],
  [
    'an automatic one of other units',
    scheduled(eur(3, 's')),
    context([bucket('a', 5)]),
    "UNITS_MISMATCH: bucket 'a' counts EUR, not s",
  ],
  [
    'an automatic one that does not end',
    scheduled(eur(1, 's'), { locator: named('h'), amount: eur(1, 'h') }),
    context([seconds]),
    "UNITS_MISMATCH: bucket 'h' counts h, and 1 s cannot be told exactly in it",
  ],
  [
    'a second automatic one',
    scheduled(eur(3)),
    context([bucket('a', 5, { autoTopup: { topupBalanceId: 't1', threshold: new Decimal(1) } })]),
    "CONFLICT: bucket 'a' is filled by topupBalance 't1' already",
  ],
  [
    'an automatic one without units',
    scheduled(eur(3)),
    context([bucket('a', 0, { units: undefined })]),
    ['watches a below 3', 'amount 10 EUR'],
  ],
  [
    'an automatic one without units, of others than fill it',
    scheduled(eur(3, 's')),
    context([bucket('a', 0, { units: undefined })]),
    "UNITS_MISMATCH: bucket 'a' counts EUR, not s",
  ],
  [
    'an automatic one of the only usable match',
    scheduled(eur(3), { locator: match }),
    context([suspended, bucket('a', 5)]),
    ['watches a below 3', 'amount 10 EUR'],
  ],
  [
    'an automatic one without units, suspended',
    scheduled(eur(3)),
    context([bucket('a', 0, { units: undefined, status: 'suspended' })]),
    "BUCKET_SUSPENDED: bucket 'a' is suspended",
  ],
  [
    'an automatic one of a suspended bucket',
    scheduled(eur(3)),
    context([bucket('a', 5, { status: 'suspended' })]),
    ['watches a below 3', 'amount 10 EUR'],
  ],
  ['a scheduled one of none', scheduled(), none, "BUCKET_UNKNOWN: bucket 'a' does not exist"],
];

const transfer = (more: object = {}): CreateCommand =>
  command('transfer', {
    locator: named('a'),
    receiver: named('z'),
    cost: undefined,
    costOwner: 'originator',
    ...more,
  }) as CreateCommand;
const between = (sources: readonly BucketState[], receiver: readonly BucketState[]): DecisionContext =>
  context(sources, { receivers: receiver });
const z = bucket('z', 1);
const transfers: Row[] = [
  [
    'a transfer',
    transfer(),
    between([bucket('a', 12)], [z]),
    ['transferOut a -10 0 EUR', 'transferIn z 10 0 EUR', 'amount 10 EUR'],
  ],
  [
    'a transfer that the originator pays',
    transfer({ cost: eur(2) }),
    between([bucket('a', 12)], [z]),
    ['transferOut a -10 0 EUR', 'transferIn z 10 0 EUR', 'transferCost a -2 0 EUR', 'amount 10 EUR'],
  ],
  [
    'a transfer that the originator cannot pay',
    transfer({ cost: eur(3) }),
    between([bucket('a', 12)], [z]),
    "INSUFFICIENT_REMAINING: bucket 'a' has 2 EUR left, 3 EUR were asked for",
  ],
  [
    'a transfer that another bucket pays',
    transfer({ locator: match, cost: eur(3) }),
    between([bucket('a', 10), bucket('b', 5)], [z]),
    ['transferOut a -10 0 EUR', 'transferIn z 10 0 EUR', 'transferCost b -3 0 EUR', 'amount 10 EUR'],
  ],
  [
    'a transfer whose cost has other units',
    transfer({ cost: eur(2, 's') }),
    between([bucket('a', 12)], [z]),
    "UNITS_MISMATCH: bucket 'a' counts EUR, not s",
  ],
  [
    'a transfer that the receiver pays',
    transfer({ cost: eur(11), costOwner: 'receiver' }),
    between([bucket('a', 12)], [z]),
    ['transferOut a -10 0 EUR', 'transferIn z 10 0 EUR', 'transferCost z -11 0 EUR', 'amount 10 EUR'],
  ],
  [
    'a transfer that the receiver cannot pay',
    transfer({ cost: eur(12), costOwner: 'receiver' }),
    between([bucket('a', 12)], [z]),
    "INSUFFICIENT_REMAINING: receiver: bucket 'z' has 11 EUR left, 12 EUR were asked for",
  ],
  [
    'a cost in units the receiver lacks',
    transfer({ cost: eur(1, 's'), costOwner: 'receiver' }),
    between([bucket('a', 12)], [z]),
    "UNITS_MISMATCH: receiver: bucket 'z' counts EUR, not s",
  ],
  [
    'a cost that does not end',
    transfer({ amount: eur(1, 'h'), cost: eur(1, 's'), costOwner: 'receiver' }),
    between([bucket('a', 12, { units: 'h' })], [bucket('z', 1, { units: 'h' })]),
    "UNITS_MISMATCH: receiver: bucket 'z' counts h, and 1 s cannot be told exactly in it",
  ],
  [
    'a cost finer than the receiver takes',
    transfer({ cost: eur('0.01'), costOwner: 'receiver' }),
    between([bucket('a', 12)], [bucket('z', '99999999999980')]),
    "BALANCE_LIMIT: receiver: bucket 'z' cannot hold 99999999999990 exactly: at most 15 digits, decimals included",
  ],
  [
    'a transfer to itself',
    transfer({ receiver: named('a') }),
    between([bucket('a', 12)], [bucket('a', 12)]),
    "BUCKET_UNKNOWN: receiver: bucket 'a' does not exist",
  ],
  [
    'a match that finds the receiver, too',
    transfer({ locator: match }),
    between([bucket('a', 12), z], [z]),
    ['transferOut a -10 0 EUR', 'transferIn z 10 0 EUR', 'amount 10 EUR'],
  ],
  [
    'a match that would draw on the receiver',
    transfer({ locator: match }),
    between([bucket('a', 5), bucket('z', 20)], [bucket('z', 20)]),
    "INSUFFICIENT_REMAINING: bucket 'a' has 5 EUR left, 10 EUR were asked for",
  ],
  [
    'a receiver that is suspended',
    transfer({ receiver: named('s') }),
    between([bucket('a', 12)], [suspended]),
    "BUCKET_SUSPENDED: receiver: bucket 's' is suspended",
  ],
  [
    'receivers that do not fit',
    transfer({ receiver: match }),
    between([bucket('a', 12)], [suspended, seconds, z]),
    ['transferOut a -10 0 EUR', 'transferIn z 10 0 EUR', 'amount 10 EUR'],
  ],
  [
    'several receivers',
    transfer({ receiver: match }),
    between([bucket('a', 12)], [z, bucket('y', 1)]),
    "BUCKET_AMBIGUOUS: receiver: several buckets match: 'z', 'y'; name one with bucket.id",
  ],
  [
    'an originator that is suspended',
    transfer({ locator: named('s') }),
    between([suspended], [z]),
    "BUCKET_SUSPENDED: bucket 's' is suspended",
  ],
  [
    'an originator with too little',
    transfer(),
    between([bucket('a', 9)], [z]),
    "INSUFFICIENT_REMAINING: bucket 'a' has 9 EUR left, 10 EUR were asked for",
  ],
  [
    'a receiver that takes no more',
    transfer(),
    between([bucket('a', 12)], [bucket('z', '999999999999999')]),
    "BALANCE_LIMIT: receiver: bucket 'z' cannot hold 1000000000000009 exactly: at most 15 digits, decimals included",
  ],
];

it.each([...credits, ...draws, ...endings, ...extensions, ...schedules, ...transfers])(
  '%s',
  (_what, one, state, expected) => {
    expect(shown(decide(one, state))).toEqual(expected);
  },
);

describe('burn order', () => {
  it('is priority, then the end of validity, then age; none comes last', () => {
    const inOrder = [
      bucket('9', 1, { priority: 1, validUntil: late }),
      bucket('8', 1, { priority: 2, validUntil: soon }),
      bucket('7', 1, { priority: 2, validUntil: late }),
      bucket('6', 1, { priority: 2 }),
      bucket('5', 1, { validUntil: soon }),
      bucket('1', 1),
      bucket('2', 1),
    ];
    for (const [at, one] of inOrder.entries())
      for (const [other, two] of inOrder.entries()) expect(Math.sign(burnOrder(one, two))).toBe(Math.sign(at - other));
  });
});

it('gives back what a reservation that lapses holds', () => {
  expect(shown(lapse(reservation, holding))).toEqual([
    'expire a 6 -6 EUR',
    'expire b 4 -4 EUR',
    'r is cancelled',
    'amount 0 EUR',
  ]);
  expect(() => lapse(reservation, [])).toThrow('bucket a, in which something is held, is not locked');
});

it('does not cancel what does not exist', () => {
  expect(() => decide(cancel, none)).toThrow('that the action exists is checked before');
});

describe('an action that awaits its payment is recorded', () => {
  const rows: Row[] = [
    ['a top-up', command('topup'), context([bucket('a', 5)]), ['amount 10 EUR']],
    [
      'a top-up of a suspended bucket',
      command('topup', { locator: named('s') }),
      context([suspended]),
      ['amount 10 EUR'],
    ],
    ['a top-up of none', command('topup', { locator: named('x') }), none, "BUCKET_UNKNOWN: bucket 'x' does not exist"],
    [
      'a credit of several',
      command('credit'),
      context([bucket('a', 1), bucket('b', 1)]),
      "BUCKET_AMBIGUOUS: several buckets match: 'a', 'b'; name one with bucket.id",
    ],
    ['a debit of more than there is', command('debit'), context([bucket('a', 5)]), ['amount 10 EUR']],
    ['a debit of none', command('debit'), none, noMatch],
    [
      'a debit in units that do not fit',
      command('debit', { locator: named('h') }),
      context([seconds]),
      "UNITS_MISMATCH: bucket 'h' counts h, not EUR",
    ],
    ['a debit of no match that fits', command('debit'), context([seconds]), noMatch],
    [
      'a debit of a match without units',
      command('debit'),
      context([bucket('a', 0, { units: undefined })]),
      ['amount 10 EUR'],
    ],
    ['a debit of one match that fits', command('debit'), context([seconds, bucket('a', 1)]), ['amount 10 EUR']],
    ['a transfer', transfer(), between([bucket('a', 1)], [z]), ['amount 10 EUR']],
    [
      'a transfer to none',
      transfer(),
      between([bucket('a', 1)], []),
      "BUCKET_UNKNOWN: receiver: bucket 'z' does not exist",
    ],
    ['a transfer from none', transfer(), between([], [z]), "BUCKET_UNKNOWN: bucket 'a' does not exist"],
    ['a commit', commit(), ofReservation(), ['amount 10 EUR']],
    [
      'a commit of too much',
      commit(eur(11)),
      ofReservation(),
      "COMMIT_ABOVE_RESERVED: reserveBalance 'r' holds 10 EUR, 11 were to be committed",
    ],
  ];
  it.each(rows)('%s', (_what, one, state, expected) => {
    expect(shown(decideRecording(one as Parameters<typeof decideRecording>[0], state))).toEqual(expected);
  });
});
