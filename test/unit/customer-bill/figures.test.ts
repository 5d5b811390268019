import { expect, it } from '@jest/globals';
import { figuresOf } from '../../../src/domain/customer-bill/run/figures.js';

// What the rates of one bill come to: net amount, taxes, total.

const eur = (value: number): object => ({ value, unit: 'EUR' });
const net = (value: number, ...appliedTax: object[]): object => ({
  appliedBillingRateType: 'appliedBillingCharge',
  taxExcludedAmount: eur(value),
  appliedTax,
});
const gross = (value: number, ...appliedTax: object[]): object => ({
  appliedBillingRateType: 'appliedBillingCharge',
  taxIncludedAmount: eur(value),
  appliedTax,
});
const credit = (rate: object): object => ({ ...rate, appliedBillingRateType: 'appliedBillingCredit' });
const vat = (taxRate: number, taxCategory = 'VAT'): object => ({ taxCategory, taxRate });
const fee = (value: number, taxCategory = 'fee'): object => ({ taxCategory, taxAmount: eur(value) });

type Expected = [
  excluded: number,
  included: number,
  ...taxes: [category: string | undefined, rate: number | undefined, amount: number][],
];
function shown(rates: object[], currency = 'EUR'): Expected {
  const { taxExcludedAmount, taxIncludedAmount, taxItem } = figuresOf(rates as never[], currency) as any;
  expect([taxExcludedAmount.unit, taxIncludedAmount.unit]).toEqual([currency, currency]);
  return [
    taxExcludedAmount.value,
    taxIncludedAmount.value,
    ...taxItem.map((tax: any) => [tax.taxCategory, tax.taxRate, tax.taxAmount.value]),
  ];
}

it.each<[string, object[], Expected]>([
  ['nothing', [], [0, 0]],
  ['a net price without tax', [net(1.5)], [1.5, 1.5]],
  ['a net price', [net(100, vat(19))], [100, 119, ['VAT', 19, 19]]],
  ['net prices, rounded once', [net(0.004, vat(19)), net(0.004, vat(19))], [0.01, 0.01, ['VAT', 19, 0]]],
  ['the half of a cent', [net(0.005)], [0.01, 0.01]],
  ['less than the half', [net(0.0049)], [0, 0]],
  ['the half of a credit', [credit(net(0.005))], [-0.01, -0.01]],
  ['a tax of the sum, not the sum of taxes', [net(0.02, vat(19)), net(0.02, vat(19))], [0.04, 0.05, ['VAT', 19, 0.01]]],
  ['taxes of several rates', [net(10, vat(19)), net(10, vat(7))], [20, 22.6, ['VAT', 19, 1.9], ['VAT', 7, 0.7]]],
  ['taxes of several kinds', [net(10, vat(5, 'local'), vat(19))], [10, 12.4, ['VAT', 19, 1.9], ['local', 5, 0.5]]],
  [
    'taxes of several kinds and one rate',
    [net(10, vat(5, 'local'), vat(5))],
    [10, 11, ['VAT', 5, 0.5], ['local', 5, 0.5]],
  ],
  ['the same tax twice', [net(10, vat(5), vat(5))], [10, 11, ['VAT', 5, 1]]],
  ['a fixed tax', [net(10, fee(0.5)), net(10, fee(0.25))], [20, 20.75, ['fee', undefined, 0.75]]],
  ['a price with tax', [gross(119, vat(19))], [100, 119, ['VAT', 19, 19]]],
  ['prices with tax, rounded once', [gross(0.59, vat(19)), gross(0.6, vat(19))], [1, 1.19, ['VAT', 19, 0.19]]],
  ['a price with two taxes', [gross(124, vat(19), vat(5, 'local'))], [100, 124, ['VAT', 19, 19], ['local', 5, 5]]],
  [
    'prices with the same taxes in another order, rounded once',
    [gross(0.004, vat(19), vat(5, 'local')), gross(0.004, vat(5, 'local'), vat(19))],
    [0.01, 0.01, ['VAT', 19, 0], ['local', 5, 0]],
  ],
  [
    'a price with a tax that says rate and amount',
    [gross(119, { ...vat(19), ...fee(19, 'VAT') })],
    [100, 119, ['VAT', 19, 19]],
  ],
  ['a price with the same tax twice', [gross(110, vat(5), vat(5))], [100, 110, ['VAT', 5, 10]]],
  [
    'prices with different taxes',
    [gross(119, vat(19)), gross(107, vat(7))],
    [200, 226, ['VAT', 19, 19], ['VAT', 7, 7]],
  ],
  ['a price with a fixed tax in it', [gross(120, vat(19), fee(1))], [100, 120, ['VAT', 19, 19], ['fee', undefined, 1]]],
  [
    'prices with fixed taxes in them',
    [gross(120, vat(19), fee(1)), gross(121, vat(19), fee(2))],
    [200, 241, ['VAT', 19, 38], ['fee', undefined, 3]],
  ],
  ['net and gross prices', [net(100, vat(19)), gross(119, vat(19))], [200, 238, ['VAT', 19, 38]]],
  ['a credit of a price with tax', [gross(119, vat(19)), credit(gross(59.5, vat(19)))], [50, 59.5, ['VAT', 19, 9.5]]],
  ['a credit with a fixed tax', [credit(net(10, fee(1)))], [-10, -11, ['fee', undefined, -1]]],
  ['a quotient that ends in a half', [gross(0.002, vat(19)), gross(0.00395, vat(19))], [0.01, 0.01, ['VAT', 19, 0]]],
  ['a tax of no percent', [gross(10, vat(0))], [10, 10, ['VAT', 0, 0]]],
])('the figures of %s', (_what, rates, expected) => {
  expect(shown(rates)).toEqual(expected);
});

it.each([
  ['JPY', 1.5, 2],
  ['JPY', 1.4, 1],
  ['KWD', 1.2345, 1.235],
  ['EUR', 1.234, 1.23],
])('money of %s is rounded to what can be paid: %p', (currency, value, expected) => {
  expect(
    shown([{ appliedBillingRateType: 'appliedBillingCharge', taxExcludedAmount: { value, unit: currency } }], currency),
  ).toEqual([expected, expected]);
});

it('names a tax by its kind only where it has one', () => {
  expect(figuresOf([net(100, { taxRate: 19 })] as never[], 'EUR')).toStrictEqual({
    taxExcludedAmount: eur(100),
    taxIncludedAmount: eur(119),
    taxItem: [{ taxRate: 19, taxAmount: eur(19) }],
  });
});

it.each<[string, object[], string]>([
  [
    'net amount',
    [net(9e14), net(9e14)],
    'the total without tax of 1800000000000000 EUR exceeds the limit AMOUNT_MAX of 1000000000000000',
  ],
  [
    'total',
    [net(9e14, fee(9e14))],
    'the total of 1800000000000000 EUR exceeds the limit AMOUNT_MAX of 1000000000000000',
  ],
  ['tax', [net(1, fee(2e15))], 'the tax of 2000000000000000 EUR exceeds the limit AMOUNT_MAX of 1000000000000000'],
  [
    'negative amount',
    [credit(net(9e14)), credit(net(9e14))],
    'the total without tax of -1800000000000000 EUR exceeds the limit AMOUNT_MAX of 1000000000000000',
  ],
  [
    'amount of too many digits',
    [net(999_999_999_999_999), net(0.01)],
    'the total without tax of 999999999999999.01 EUR has more significant digits than the limit SIGNIFICANT_DIGITS_MAX of 15',
  ],
])('refuses a %s that no JSON number tells', (_what, rates, message) => {
  expect(() => figuresOf(rates as never[], 'EUR')).toThrow(expect.objectContaining({ code: 'CONFLICT', message }));
});
