import { fixtures } from '../fixtures/index.js';
import type { Ids, Json } from '../fixtures/fixture.js';
import type { TestServer } from '../support/server.js';
import { party, type People } from './people.js';

/** Ids of what there is in a tenant, by the names of the types: of each owner, or of nobody in particular. */
export type Everything = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Makes one of each resource for each owner, as a person who may. */
export async function makeEverything(people: People, who: string, owners: readonly string[]): Promise<Everything> {
  const { server } = people;
  const made: Record<string, Record<string, string>> = {};
  const asMaker: TestServer = {
    ...server,
    rest: (method, path, call = {}) =>
      server.rest(method, path, { ...call, headers: { ...people.of(who), ...call.headers } }),
    graphql: (query, variables, headers) => server.graphql(query, variables, { ...people.of(who), ...headers }),
  };
  const idsOf = new Map<string, Ids>();
  for (const fixture of fixtures) idsOf.set(fixture.typeName, await fixture.prepare(asMaker));
  const minimal = (typeName: string): Json => {
    const fixture = fixtures.find((one) => one.typeName === typeName);
    if (!fixture) throw new Error(`${typeName} has no fixture`);
    return fixture.minimal(idsOf.get(typeName) ?? {});
  };
  const make = async (typeName: string, owner: string, own: object = {}, base = minimal(typeName)): Promise<string> => {
    const path = `/${typeName.charAt(0).toLowerCase()}${typeName.slice(1)}`;
    const { status, body } = await asMaker.rest('POST', path, { body: { ...base, ...own } });
    if (status !== 201) throw new Error(`${typeName} of ${owner}: ${JSON.stringify(body)}`);
    (made[typeName] ??= {})[owner] = body.id as string;
    return body.id as string;
  };

  for (const typeName of ['UsageSpecification', 'BillCycleSpecification', 'BillCycle']) await make(typeName, 'nobody');
  for (const owner of owners) {
    const relatedParty = [party(owner)];
    const number = `number-${owner}`;
    for (const [typeName, id] of Object.entries({
      Party: owner,
      BillingAccount: `account-${owner}`,
      LogicalResource: number,
    }))
      (made[typeName] ??= {})[owner] = id;
    const money = { usageType: 'monetary', remainingValue: { amount: 100, units: 'EUR' }, relatedParty };
    const second = await make('Bucket', owner, { ...money, logicalResource: [{ value: number }] });
    const bucket = { id: await make('Bucket', owner, money) };
    const action = { amount: { amount: 1, units: 'EUR' }, bucket, usageType: 'monetary' };
    await make('TopupBalance', owner, action);
    await make('AdjustBalance', owner, action);
    await make('ReserveBalance', owner, action);
    await make('TransferBalance', owner, { ...action, receiverBucket: { id: second } });
    await make('Usage', owner, { relatedParty });
    const bill = await make('CustomerBill', owner, { relatedParty });
    await make('AppliedCustomerBillingRate', owner, { isBilled: true, bill: { id: bill } });
    await make('CustomerBillOnDemand', owner, {
      billingAccount: { id: `account-${owner}`, name: 'a' },
      relatedParty: party(owner),
    });
    const input = { relatedParty: { refId: owner, role: 'customer', atReferredType: 'Individual' }, period: 'day' };
    const { data } = await asMaker.graphql(
      'mutation ($input: SpendLimitCreate!) { createSpendLimit(input: $input) { id } }',
      { input: { ...input, amount: { amount: 1_000, units: 'EUR' } } },
    );
    (made['SpendLimit'] ??= {})[owner] = data.createSpendLimit.id;
    const order = await make('ResourceOrder', owner, { relatedParty });
    await make('CancelResourceOrder', owner, { resourceOrder: { id: order } }, {});
  }
  return made;
}
