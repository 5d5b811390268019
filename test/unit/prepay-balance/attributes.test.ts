import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { storedAttributesOf, type TypeClass } from '../../../graphql/attribute.js';
import { AdjustBalance } from '../../../graphql/prepay-balance/adjust-balance.js';
import { ReserveBalance } from '../../../graphql/prepay-balance/reserve-balance.js';
import { TopupBalance } from '../../../graphql/prepay-balance/topup-balance.js';
import { TransferBalance } from '../../../graphql/prepay-balance/transfer-balance.js';
import { decidingAttributes, describingAttributes } from '../../../src/domain/prepay-balance/command/attributes.js';
import { payableOf, scheduledOf } from '../../../src/domain/prepay-balance/command/stored-command.js';
import { actionKinds, type ActionKind, type BalanceActionRow } from '../../../src/domain/prepay-balance/model.js';

// The GraphQL classes say what a client may send; the domain, which does not know them, has lists of its own.

const classes: Readonly<Record<ActionKind, TypeClass>> = {
  topupBalance: TopupBalance,
  adjustBalance: AdjustBalance,
  reserveBalance: ReserveBalance,
  transferBalance: TransferBalance,
};

describe('what a PATCH may carry', () => {
  it.each(actionKinds)('is, beside the status, what describes or decides the action: %s', (kind) => {
    const patchable = storedAttributesOf(classes[kind]).filter(({ update, name }) => update && name !== 'status');
    const listed = [...new Set<string>([...describingAttributes[kind], ...decidingAttributes[kind]])];
    expect(listed.sort()).toEqual(patchable.map(({ name }) => name).sort());
  });
});

describe('a command that is read back from its action', () => {
  // Whoever charges a usage names it in the command; such an adjustment is never read back.
  const setByCommand = ['usage'];
  const setByServer = (kind: ActionKind): string[] => [
    ...storedAttributesOf(classes[kind])
      .filter(({ create, name }) => create === undefined && !setByCommand.includes(name))
      .map(({ name }) => name),
    ...(kind === 'topupBalance' ? ['periodsDone'] : []),
  ];

  function storedRow(kind: ActionKind): BalanceActionRow {
    const set = Object.fromEntries(setByServer(kind).map((name) => [name, 'set by the server']));
    const asked = {
      bucket: { id: '1' },
      receiverBucket: { id: '2' },
      amount: { amount: 1, units: 'EUR' },
      description: 'asked',
    };
    return { ...set, ...asked, requestedDate: '2026-01-01T00:00:00.000Z' } as unknown as BalanceActionRow;
  }

  const paid = actionKinds.filter((kind) => kind !== 'reserveBalance');

  it.each([
    ...paid.map((kind) => [kind, 'paid', () => payableOf(kind, storedRow(kind))] as const),
    ['topupBalance', 'scheduled', () => scheduledOf(storedRow('topupBalance'))] as const,
  ])('has nothing that the server set: %s, %s', (kind, _how, read) => {
    const command = read();
    const kept = Object.keys(command.type === 'commit' ? {} : command.attributes);
    expect(kept).toContain('description');
    expect(kept.filter((name) => setByServer(kind).includes(name))).toEqual([]);
  });
});
