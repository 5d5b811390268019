import { describe, expect, it } from '@jest/globals';
import { forgetIn } from '../../src/domain/personal-data/forget.js';

const who = { party: '42', accounts: ['A-1'], names: ['Dr. Who'] };
const reference = { id: '42', name: 'Ann Lee', role: 'customer', atReferredType: 'Individual', href: 'x' };
const bare = { id: '42', role: 'customer', atReferredType: 'Individual' };

describe('forgetting a party in a row', () => {
  it.each([
    ['of a list', { relatedParty: [reference] }, { relatedParty: [bare] }],
    ['as an object', { requestor: reference }, { requestor: bare }],
    [
      'on any level',
      { orderItem: [{ resource: { relatedParty: [reference] } }] },
      { orderItem: [{ resource: { relatedParty: [bare] } }] },
    ],
    ['in an extension', { extension: { contact: reference } }, { extension: { contact: bare } }],
    [
      'as TMF writes it there',
      { product: { id: 'p', extension: { of: { id: '42', '@referredType': 'Individual', phone: '1' } } } },
      { product: { id: 'p', extension: { of: { id: '42', '@referredType': 'Individual' } } } },
    ],
    ['of an account', { billingAccount: { id: 'A-1', name: 'Ann' } }, { billingAccount: { id: 'A-1' } }],
    [
      'of an account among parties',
      { relatedParty: [{ id: 'A-1', name: 'Ann', atReferredType: 'BillingAccount' }] },
      { relatedParty: [{ id: 'A-1', atReferredType: 'BillingAccount' }] },
    ],
    [
      'by a name that was given',
      { note: [{ text: 'asked dr. who.', author: 'DR. WHO' }] },
      { note: [{ text: 'asked [forgotten].' }] },
    ],
    [
      'by a name beside its id',
      { relatedParty: [reference], note: [{ text: "Ann Lee's SIM" }] },
      { relatedParty: [bare], note: [{ text: "[forgotten]'s SIM" }] },
    ],
  ])('takes away what tells who it is %s', (_where, row, after) => {
    expect(forgetIn(row, who, [])).toEqual(after);
  });

  it.each([
    ['another party', { relatedParty: [{ id: '43', name: 'Bob' }] }],
    [
      'something else of the same id',
      { product: [{ id: '42', name: 'Tariff' }], extension: { item: { id: '42', size: 1 } } },
    ],
    ['an account that was not given', { billingAccount: { id: 'A-2', name: 'Ann' } }],
    ['an account of the same id', { relatedParty: [{ id: '42', name: 'Firm', atReferredType: 'BillingAccount' }] }],
    ['a text without the name', { note: [{ text: 'nothing', author: 'Desk' }] }],
    ['what is forgotten already', { relatedParty: [bare] }],
  ])('leaves %s as it is, the very same value', (_what, row: object) => {
    const after = forgetIn(row as never, who, []);
    for (const [name, value] of Object.entries(row)) expect((after as any)[name]).toBe(value);
  });

  it('does not take a short name for a part of a word', () => {
    const row = { relatedParty: [{ ...reference, name: 'Ann' }], description: 'Anniversary of Ann, or Hannah' };
    expect(forgetIn(row, who, ['description'])).toEqual({
      relatedParty: [bare],
      description: 'Anniversary of [forgotten], or Hannah',
    });
    const tiny = { relatedParty: [{ ...reference, name: 'Al' }], description: 'Al and all' };
    expect(forgetIn(tiny, who, ['description']).description).toBe('Al and all');
  });

  it('takes a name as it is written, not as a pattern', () => {
    const row = { relatedParty: [{ ...reference, name: 'A.n (1)*' }], description: 'A.n (1)* and Aan 1' };
    expect(forgetIn(row, who, ['description']).description).toBe('[forgotten] and Aan 1');
  });
});
