import { createHash } from 'node:crypto';
import type { BillRow, LineGroup, RateRow } from '../../src/domain/customer-bill/index.js';
import { rendered } from './bills.js';

// One bill, rendered in this process or, as a program, in another one.

const bill: BillRow = {
  id: 'B1',
  revision: 1,
  updatedAt: '2026-03-01T00:00:00.000Z',
  billNo: 'INV-2026-000001',
  state: 'sent',
  lastUpdate: '2026-03-01T00:00:00.000Z',
  billDate: '2026-02-28T23:30:00.000Z',
  billingAccount: { id: 'Größe Ελλάδα Łódź' },
  amountDue: { value: 1234.5, unit: 'EUR' },
  remainingAmount: { value: 1234.5, unit: 'EUR' },
  appliedPayment: [],
  billDocument: [],
};
const ids = Array.from({ length: 200 }, (_, index) => `L${index}`);
const groups: LineGroup[] = [{ productId: null, productName: null, name: 'Calls', ids }];

async function* linesOf(): AsyncGenerator<RateRow[]> {
  yield ids.map((id, index) => ({
    id,
    revision: 1,
    updatedAt: '2026-03-01T00:00:00.000Z',
    appliedBillingRateType: 'appliedBillingCharge',
    isBilled: true,
    date: '2026-02-28T23:30:00.000Z',
    name: 'Calls',
    description: `Call ${index}`,
    taxExcludedAmount: { value: index / 8, unit: 'EUR' },
  }));
}

export async function hashOfRendering(): Promise<string> {
  const bytes = await rendered({
    bill,
    lineCount: ids.length,
    groups: () => Promise.resolve(groups),
    linesOf,
    zone: 'Europe/Berlin',
  });
  return createHash('sha256').update(bytes).digest('hex');
}

if (process.argv[1]?.endsWith('rendering.ts')) {
  process.env['TZ'] = process.argv[2];
  console.log(await hashOfRendering());
}
