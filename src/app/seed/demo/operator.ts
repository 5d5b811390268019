// Who the customers of the demo's operator are, and what they have. Pure data: everything else follows from it.

export interface Product {
  readonly id: string;
  readonly name: string;
  /** Megabytes of 30 days. */
  readonly data: number;
  /** Included minutes of 30 days. */
  readonly minutes?: number;
  /** Of 30 days: with tax where it is paid from the wallet, without where it is billed. */
  readonly fee: number;
  readonly isPrepaid: boolean;
}

export const products = {
  prepaidS: { id: 'prepaid-s', name: 'Prepaid S', data: 2_000, fee: 5.99, isPrepaid: true },
  prepaidM: { id: 'prepaid-m', name: 'Prepaid M', data: 5_000, fee: 9.99, isPrepaid: true },
  mobileM: { id: 'mobile-m', name: 'Mobile M', data: 10_000, minutes: 120, fee: 19.99, isPrepaid: false },
  mobileL: { id: 'mobile-l', name: 'Mobile L', data: 30_000, minutes: 400, fee: 34.99, isPrepaid: false },
  family: { id: 'family', name: 'Family', data: 60_000, minutes: 600, fee: 69.99, isPrepaid: false },
  fleet: { id: 'fleet', name: 'Fleet', data: 40_000, minutes: 500, fee: 89, isPrepaid: false },
} as const satisfies Record<string, Product>;

export interface Account {
  readonly id: string;
  readonly name: string;
}

export interface Customer {
  readonly id: string;
  readonly name: string;
  /** A company is an Organization, everybody else a Customer. */
  readonly referredType: 'Customer' | 'Organization';
  readonly account: Account;
  readonly product: Product;
  readonly numbers: readonly string[];
  /** The bucket of money, where there is one. */
  readonly wallet?: string;
  readonly sms?: string;
  /** What the data and minutes of its product are kept in. */
  readonly data: string;
  readonly minutes?: string;
}

const people: readonly (readonly [name: string, product: Product])[] = [
  ['Jane Doe', products.mobileM],
  ['John Roe', products.prepaidM],
  ['Amira Haddad', products.prepaidS],
  ['Luis Ortega', products.prepaidM],
  ['Mei Tanaka', products.prepaidS],
  ['Noah Fischer', products.prepaidM],
  ['Fatou Diallo', products.prepaidS],
  ['Ivan Petrov', products.prepaidM],
  ['Sofia Rossi', products.mobileM],
  ['Peter Novák', products.mobileL],
  ['Grace Okafor', products.mobileM],
  ['Lars Nilsen', products.mobileL],
  ['Chloé Martin', products.mobileM],
  ['Omar Farouk', products.mobileL],
  ['Hannah Weiss', products.mobileM],
  ['Anna Moore', products.family],
  ['Ben Moore', products.family],
  ['Clara Moore', products.family],
  ['Dan Moore', products.family],
  ['Harbour Logistics', products.fleet],
];

const familyAccount: Account = { id: 'account-16', name: 'Moore family' };
/** Customers beside the prepaid ones who have a wallet, for what their contract does not include. */
const withWallet: readonly number[] = [1, 16, 18, 19];
const withSms: readonly number[] = [1, 2, 4, 6, 9];
const companyLines = 5;

/** The number of a line: 49170 and seven digits. */
const numberOf = (line: number): string => `49170${String(line).padStart(7, '0')}`;

export const customers: readonly Customer[] = people.map(([name, product], index) => {
  const n = index + 1;
  const isFamily = product.id === 'family';
  const isCompany = product.id === 'fleet';
  const shared = isFamily ? 'family' : isCompany ? 'fleet' : String(n);
  return {
    id: `customer-${n}`,
    name,
    referredType: isCompany ? 'Organization' : 'Customer',
    account: isFamily
      ? familyAccount
      : { id: `account-${n}`, name: isCompany ? name : `${name.split(' ')[0]}'s account` },
    product,
    numbers: isCompany ? Array.from({ length: companyLines }, (_, line) => numberOf(n * 10 + line)) : [numberOf(n)],
    // The one that the default payloads of the conformance kit use.
    ...((product.isPrepaid || withWallet.includes(n)) && { wallet: n === 1 ? '11' : `money-${n}` }),
    ...(withSms.includes(n) && { sms: `sms-${n}` }),
    data: `data-${shared}`,
    ...('minutes' in product && { minutes: `minutes-${shared}` }),
  };
});

/** The customer of this number, from 1. */
export function customer(n: number): Customer {
  const found = customers[n - 1];
  if (found === undefined) throw new Error(`there are ${customers.length} customers`);
  return found;
}

/** Those who share what a product gives; alone in it, a customer shares with nobody. */
export function sharing(one: Customer): readonly Customer[] {
  return customers.filter(({ data }) => data === one.data);
}

/** Who pays for what is shared: the first of those. */
export const payers: readonly Customer[] = customers.filter((one) => sharing(one)[0] === one);

export interface Party {
  id: string;
  name: string;
  role: string;
  atReferredType: string;
}

export function partyOf({ id, name, referredType }: Customer): Party {
  return { id, name, role: 'customer', atReferredType: referredType };
}

export function numbersOf({ numbers }: Customer): { id: string; value: string }[] {
  return numbers.map((value) => ({ id: value, value }));
}

export function productOf({ product: { id, name } }: Customer): { id: string; name: string } {
  return { id, name };
}
