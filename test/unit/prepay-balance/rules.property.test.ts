import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CancelCommand, CreateCommand } from '../../../src/domain/prepay-balance/command/commands.js';
import { burnOrder } from '../../../src/domain/prepay-balance/decide/draw.js';
import { decide } from '../../../src/domain/prepay-balance/decide/rules.js';
import {
  isRefusal,
  type AcceptedDecision,
  type DecisionContext,
} from '../../../src/domain/prepay-balance/decide/decision.js';
import type { ActionState, BucketState, Hold } from '../../../src/domain/prepay-balance/decide/state.js';
import { Decimal } from '../../../src/platform/decimal.js';
import { seed } from '../../support/seed.js';
import { proofSize } from '../../support/proof.js';

type DecidedCommand = CreateCommand | CancelCommand;

const runs = proofSize('RUNS', { short: 1_000, long: 20_000 });
const now = new Date('2026-03-01T12:00:00.000Z');

const time = fc.constantFrom(undefined, new Date('2026-02-01'), now, new Date('2026-04-01'), new Date('2026-05-01'));
/** Whole and fractional amounts from the smallest to the largest, as units of 10^-scale. */
const amountOf = (scale: number): fc.Arbitrary<Decimal> =>
  fc
    .oneof(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 999_999_999_999_999 }),
    )
    .map((units) => new Decimal(units).div(Decimal.pow(10, scale)));
const amount = fc.constantFrom(0, 0, 0, 1, 2, 9).chain(amountOf);
const share = fc.integer({ min: 0, max: 4 });

/** A bucket as the engine can have left it: what remains and what is reserved fit into 15 digits together. */
const bucket = fc
  .record({
    scale: fc.constantFrom(0, 0, 2, 9),
    units: fc.constantFrom(undefined, 'EUR', 'EUR', 'EUR', 'USD'),
    status: fc.constantFrom('active', 'active', 'active', 'active', 'suspended', 'expired'),
    priority: fc.constantFrom(undefined, 1, 2),
    validFrom: time,
    validUntil: time,
    total: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 999_999_999_999_999 })),
    reserved: share,
  })
  .map(({ scale, units, total, reserved, ...rest }): Omit<BucketState, 'id'> => {
    const all = units === undefined ? new Decimal(0) : new Decimal(total).div(Decimal.pow(10, scale));
    const held = all.div(4).times(reserved).toDecimalPlaces(scale, Decimal.ROUND_DOWN);
    return {
      ...rest,
      units,
      usageType: 'monetary',
      remaining: all.minus(held),
      reserved: held,
      amountScale: scale,
      revision: 1,
      entrySequence: 1,
      lastEntryAt: now,
      autoTopup: undefined,
      thresholds: [],
      lastReachedThreshold: undefined,
      lastCredit: undefined,
      depletedAt: undefined,
    };
  });

const buckets = fc
  .array(bucket, { maxLength: 5 })
  .map((list) => list.map((state, index): BucketState => ({ ...state, id: `bucket-${index}` })));

const common = { usageType: undefined, attributes: {} };

const locatedCommand = fc
  .record({
    type: fc.constantFrom('topup' as const, 'credit' as const, 'debit' as const, 'reserve' as const),
    amount,
    units: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
    named: fc.boolean(),
  })
  .map(({ type, amount: value, units, named }): DecidedCommand => {
    const locator = named
      ? { kind: 'bucket' as const, bucketId: 'bucket-0' }
      : { kind: 'match' as const, conditions: [], usageType: undefined, units };
    return {
      ...common,
      type,
      amount: { amount: value, units },
      locator,
      expirationDate: undefined,
      validUntil: undefined,
    } as DecidedCommand;
  });

/** A request for a movement, and the buckets its locator leads to. */
const located = fc.tuple(locatedCommand, buckets).map(([command, states]) => {
  const isNamed = 'locator' in command && command.locator.kind === 'bucket';
  return {
    command,
    situation: { candidates: isNamed ? states.slice(0, 1) : states, receivers: [], action: undefined, now },
  };
});

/** A transfer between two of the buckets, the cost paid by either side. */
const moving = fc
  .record({
    states: buckets,
    amount,
    cost: fc.option(amount, { nil: undefined }),
    costOwner: fc.constantFrom('originator' as const, 'receiver' as const),
    units: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
    split: fc.integer({ min: 1, max: 4 }),
    named: fc.boolean(),
  })
  .map(({ states, amount: value, cost, costOwner, units, split, named }) => {
    const match = { kind: 'match' as const, conditions: [], usageType: undefined, units };
    const command: DecidedCommand = {
      ...common,
      type: 'transfer',
      amount: { amount: value, units },
      cost: cost && { amount: cost, units },
      costOwner,
      locator: named ? { kind: 'bucket', bucketId: 'bucket-0' } : match,
      receiver: match,
    };
    const candidates = named ? states.slice(0, 1) : states.slice(0, split);
    return { command, situation: { candidates, receivers: states.slice(split, split + 1), action: undefined, now } };
  });

/** A commit or release, the reservation, and the buckets that hold for it. */
const ending = fc
  .record({
    states: buckets,
    type: fc.constantFrom('commit' as const, 'commit' as const, 'cancel' as const),
    amount: fc.option(amount, { nil: undefined }),
    units: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
    status: fc.constantFrom('created', 'created', 'created', 'completed', 'cancelled', 'failed'),
    expirationDate: time,
    part: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ states, type, amount: value, units, status, expirationDate, part }) => {
    const candidates = states.map((state): BucketState => ({ ...state, units: 'EUR' }));
    const holds = candidates
      .map(({ id, reserved, amountScale }): Hold => ({
        bucketId: id,
        amount: reserved.div(4).times(part).toDecimalPlaces(amountScale, Decimal.ROUND_DOWN),
      }))
      .filter((hold) => hold.amount.gt(0) && status === 'created');
    const reservation: ActionState = {
      kind: 'reserveBalance',
      id: 'r',
      status,
      units: 'EUR',
      usageType: 'monetary',
      dueAt: expirationDate,
      holds,
      effects: [],
      row: {
        id: 'r',
        revision: 1,
        status,
        amount: { amount: 1, units: 'EUR' },
        requestedDate: '2026-01-01T00:00:00.000Z',
        updatedAt: '2026-01-01T00:00:00.000Z',
      },
    };
    const command = {
      ...common,
      type,
      kind: 'reserveBalance',
      actionId: 'r',
      amount: value && { amount: value, units },
      changes: {},
      ifRevision: undefined,
    } as DecidedCommand;
    return { command, situation: { candidates, receivers: [], action: reservation, now } };
  });

const cases = fc.oneof(located, ending, moving);

function sum(amounts: readonly Decimal[]): Decimal {
  return amounts.reduce((total, value) => total.plus(value), new Decimal(0));
}

/** Remaining and reserved of every candidate after the ruling. */
function after({ candidates, receivers }: DecisionContext, { movements }: AcceptedDecision): BucketState[] {
  return everybody({ candidates, receivers }).map((state) => {
    const own = movements.filter(({ bucketId }) => bucketId === state.id);
    return {
      ...state,
      remaining: state.remaining.plus(sum(own.map(({ remainingDelta }) => remainingDelta))),
      reserved: state.reserved.plus(sum(own.map(({ reservedDelta }) => reservedDelta))),
    };
  });
}

function everybody({ candidates, receivers }: Pick<DecisionContext, 'candidates' | 'receivers'>): BucketState[] {
  return [...new Map([...candidates, ...receivers].map((state) => [state.id, state])).values()];
}

function check(
  predicate: (command: DecidedCommand, situation: DecisionContext, decision: AcceptedDecision) => void,
): number {
  let rulings = 0;
  fc.assert(
    fc.property(cases, ({ command, situation }) => {
      const verdict = decide(command, situation);
      if (isRefusal(verdict)) return;
      rulings += 1;
      predicate(command, situation, verdict);
    }),
    { seed, numRuns: runs },
  );
  return rulings;
}

describe('decide', () => {
  it('never makes a balance negative, and moves only what it was given', () => {
    const rulings = check((_command, situation, decision) => {
      for (const { remaining, reserved } of after(situation, decision))
        expect([remaining.lt(0), reserved.lt(0)]).toEqual([false, false]);
      const ids = everybody(situation).map(({ id }) => id);
      for (const { bucketId } of decision.movements) expect(ids).toContain(bucketId);
      for (const { remainingDelta, reservedDelta } of decision.movements)
        expect(remainingDelta.isZero() && reservedDelta.isZero()).toBe(false);
    });
    // Refusals alone would prove little.
    expect(rulings).toBeGreaterThan(runs / 20);
  });

  it('moves exactly the amount, all of it or nothing', () => {
    check((command, { action }, { movements, holds, endedAction }) => {
      if (command.type === 'scheduled') return;
      const remaining = sum(movements.map(({ remainingDelta }) => remainingDelta));
      const reserved = sum(movements.map(({ reservedDelta }) => reservedDelta));
      const held = sum((action?.holds ?? []).map((hold) => hold.amount));
      const asked = command.type === 'cancel' || command.amount === undefined ? held : command.amount.amount;
      const cost = command.type === 'transfer' ? (command.cost?.amount ?? new Decimal(0)) : new Decimal(0);
      const expected: Record<Exclude<DecidedCommand['type'], 'scheduled'>, [Decimal, Decimal]> = {
        topup: [asked, new Decimal(0)],
        credit: [asked, new Decimal(0)],
        debit: [asked.negated(), new Decimal(0)],
        reserve: [asked.negated(), asked],
        commit: [held.minus(asked), held.negated()],
        cancel: [held, held.negated()],
        // What one loses the other gets; the cost goes to nobody.
        transfer: [cost.negated(), new Decimal(0)],
      };
      const [remainingDelta, reservedDelta] = expected[command.type];
      expect([remaining.toFixed(), reserved.toFixed()]).toEqual([remainingDelta.toFixed(), reservedDelta.toFixed()]);
      if (command.type === 'transfer') {
        const incoming = movements.filter(({ entryType }) => entryType === 'transferIn');
        expect(incoming.map((movement) => movement.remainingDelta.toFixed())).toEqual([asked.toFixed()]);
      }
      expect(endedAction?.status).toBe(
        command.type === 'commit' ? 'completed' : command.type === 'cancel' ? 'cancelled' : undefined,
      );
      const expectedHolds =
        command.type === 'reserve' ? movements.map((move) => [move.bucketId, move.reservedDelta.toFixed()]) : undefined;
      expect(holds?.map((hold) => [hold.bucketId, hold.amount.toFixed()])).toEqual(expectedHolds);
    });
  });

  it('gives and takes only where the bucket is active, valid and counts the units', () => {
    check((command, situation, { movements }) => {
      if (!('locator' in command)) return;
      for (const { bucketId } of movements) {
        const state = everybody(situation).find(({ id }) => id === bucketId);
        expect(state?.status).toBe('active');
        expect([undefined, command.amount.units]).toContain(state?.units);
        expect(state?.validFrom === undefined || state.validFrom <= now).toBe(true);
        expect(state?.validUntil === undefined || state.validUntil > now).toBe(true);
      }
    });
  });

  it('empties one bucket before it draws on the next in burn order', () => {
    check((command, { candidates }, { movements }) => {
      if (command.type !== 'debit' && command.type !== 'reserve') return;
      const touched = movements.map(({ bucketId }) => candidates.find(({ id }) => id === bucketId) as BucketState);
      expect(touched).toEqual([...touched].sort(burnOrder));
      for (const [index, { remainingDelta }] of movements.slice(0, -1).entries()) {
        expect(remainingDelta.negated().toFixed()).toBe(touched[index]?.remaining.toFixed());
      }
    });
  });

  it('decides the same in whatever order the candidates come', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 4 }), ({ command, situation }, turn) => {
        const { candidates } = situation;
        const turned = [...candidates.slice(turn), ...candidates.slice(0, turn)];
        const [one, other] = [decide(command, situation), decide(command, { ...situation, candidates: turned })];
        const shown = (verdict: typeof one): unknown => (isRefusal(verdict) ? verdict.code : verdict);
        expect(shown(other)).toEqual(shown(one));
      }),
      { seed, numRuns: runs },
    );
  });

  it('keeps every balance a number of at most 15 significant digits', () => {
    check((_command, situation, decision) => {
      for (const { remaining, reserved } of after(situation, decision)) {
        expect([remaining.precision() <= 15, reserved.precision() <= 15]).toEqual([true, true]);
      }
    });
  });
});
