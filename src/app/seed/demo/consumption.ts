import { randomSource } from '../random.js';
import { customers, payers, sharing, type Customer } from './operator.js';

// What the customers use, and when they pay for more: planned day by day, so that nothing is used that is not there. Pure.

/** Days of the story before the one on which it is told. */
export const firstDay = 100;
/** Between two renewals of a product. */
export const periodDays = 30;
/** The bucket of money that a top-up fills by itself. */
export const filledByItself = { customer: 5, belowCents: 800, byCents: 1_000 };
/** Whose product was not renewed the last time. */
const notRenewed = 8;

/** What the stories of the balances take of a bucket, in hundredths: the plan leaves it alone. */
const setAside = { 'data-1': 70_000, '11': 500, 'money-2': 500 };

/** Gross where the wallet pays, net where it is billed. */
const centsPerMinute = 9;
const centsPerMinuteAbroad = 29;
const centsPerSms = 7;

export type Kind = 'voice' | 'data' | 'sms';

/** Something that was used. */
export interface Session {
  readonly customer: Customer;
  readonly number: string;
  readonly kind: Kind;
  /** Of the day. */
  readonly hour: number;
  /** Megabytes, minutes, or one message. */
  readonly amount: number;
  readonly isAbroad: boolean;
  /** What it was taken from; absent: it is billed. */
  readonly from?: { readonly bucket: string; readonly amount: number; readonly units: string };
  /** What is billed. */
  readonly cents: number;
  readonly state: 'rated' | 'rejected' | 'guided' | 'received';
}

export interface Day {
  readonly ago: number;
  readonly topups: readonly { readonly customer: Customer; readonly cents: number }[];
  readonly renewals: readonly Customer[];
  readonly sessions: readonly Session[];
}

/** How many days ago a customer's product was renewed for the nth time, the first of them being 1; 0 is when it began. */
export function renewalDay({ id }: Customer, nth: number): number {
  return nth === 0 ? firstDay : firstDay - nth * periodDays - (Number(id.split('-')[1]) % 10);
}

/** How often it has been renewed by then, that day included. */
export function renewalsBy(customer: Customer, ago: number): number {
  return [1, 2, 3].filter((nth) => renewalDay(customer, nth) >= ago).length;
}

/** Every day from the first one to yesterday. Of no resource there are more rows than a TMF REST list without paging answers. */
export function planDays(): readonly Day[] {
  const random = randomSource(654);
  /** What is left in each bucket: cents, hundredths of megabytes, minutes, messages. */
  const left = new Map<string, number>();
  const add = (bucket: string, amount: number): void => void left.set(bucket, (left.get(bucket) ?? 0) + amount);
  for (const one of payers) {
    add(one.data, one.product.data * 100);
    if (one.minutes) add(one.minutes, one.product.minutes ?? 0);
  }
  for (const { sms } of customers) if (sms) add(sms, 300);
  for (const [bucket, amount] of Object.entries(setAside)) add(bucket, -amount);
  let sessions = 0;
  return Array.from({ length: firstDay }, (_, index) => {
    const ago = firstDay - index;
    const topups = customers.flatMap((one) => {
      const cents = topUpOf(one, ago, left);
      if (cents > 0 && one.wallet) add(one.wallet, cents);
      return cents > 0 ? [{ customer: one, cents }] : [];
    });
    const renewals = payers.filter((one) =>
      [1, 2, 3].some((nth) => renewalDay(one, nth) === ago && isRenewed(one, nth)),
    );
    for (const one of renewals) {
      add(one.data, one.product.data * 100);
      if (one.minutes) add(one.minutes, one.product.minutes ?? 0);
      if (one.product.isPrepaid && one.wallet) take(left, one.wallet, Math.round(one.product.fee * 100));
    }
    const lines = customers.flatMap((one) => one.numbers.map((number) => ({ one, number })));
    const used = lines.flatMap(({ one, number }) =>
      sessionsOf(one, number, ago, random, left).map((session): Session => {
        const state = stateOf(++sessions, ago);
        // Only what is rated consumes anything.
        if (state === 'rated' && session.from) take(left, session.from.bucket, inStock(session.from));
        const { from: _from, ...unrated } = session;
        return { ...(state === 'rated' ? session : unrated), state };
      }),
    );
    return { ago, topups, renewals, sessions: used.sort((a, b) => a.hour - b.hour) };
  });
}

function isRenewed(one: Customer, nth: number): boolean {
  return nth < 3 || one.id !== `customer-${notRenewed}`;
}

/** In what is counted of a bucket. */
function inStock({ amount, units }: { amount: number; units: string }): number {
  return units === 'MB' || units === 'EUR' ? Math.round(amount * 100) : amount;
}

function take(left: Map<string, number>, bucket: string, amount: number): void {
  const rest = (left.get(bucket) ?? 0) - amount;
  if (rest < 0) throw new Error(`the plan takes more of ${bucket} than there is`);
  const { customer, belowCents, byCents } = filledByItself;
  left.set(bucket, bucket === `money-${customer}` && rest < belowCents ? rest + byCents : rest);
}

/** Who has little left pays for more, before the fee is due. */
function topUpOf({ id, wallet, product }: Customer, ago: number, left: Map<string, number>): number {
  if (!wallet) return 0;
  const has = left.get(wallet) ?? 0;
  if (ago === firstDay) return product.isPrepaid ? 2_500 : 2_000;
  if (id === `customer-${filledByItself.customer}`) return 0;
  const wanted = product.isPrepaid ? Math.round(product.fee * 100) + 200 : 500;
  return has < wanted ? (product.isPrepaid ? 1_500 : 1_000) : 0;
}

function stateOf(nth: number, ago: number): Session['state'] {
  if (ago === 1) return nth % 3 === 0 ? 'received' : 'guided';
  return nth % 89 === 0 ? 'rejected' : 'rated';
}

type Used = Omit<Session, 'state'>;

function sessionsOf(
  customer: Customer,
  number: string,
  ago: number,
  random: () => number,
  left: ReadonlyMap<string, number>,
): Used[] {
  // Drawn whether it is used or not, so that a change of one line leaves the others as they are.
  const [isOnline, calls, writes, much, abroad] = [random() < 0.2, random() < 0.1, random() < 0.03, random(), random()];
  const hours = [random(), random(), random()].map((part) => 7 + Math.floor(part * 870) / 60);
  const base = { customer, number, isAbroad: abroad < 0.1 };
  const sessions: Used[] = [];
  const add = (kind: Kind, used: Omit<Used, keyof typeof base | 'kind' | 'hour'> | undefined): void => {
    if (used) sessions.push({ ...base, kind, hour: hours[sessions.length] ?? 12, ...used });
  };
  if (isOnline) add('data', dataOf(customer, ago, much, left));
  if (calls) add('voice', callOf(customer, 1 + Math.floor(much ** 3 * 25), base.isAbroad, left));
  if (writes) add('sms', messageOf(customer, left));
  return sessions;
}

type Part = Pick<Used, 'amount' | 'from' | 'cents'>;

function dataOf(customer: Customer, ago: number, much: number, left: ReadonlyMap<string, number>): Part | undefined {
  if (customer.id === `customer-${notRenewed}` && ago <= renewalDay(customer, 3)) return undefined;
  const lines = sharing(customer).reduce((sum, { numbers }) => sum + numbers.length, 0);
  const usual = customer.product.data / periodDays / lines / 0.2;
  const has = (left.get(customer.data) ?? 0) / 100;
  const amount = Math.floor(Math.min(usual * (0.1 + 1.5 * much), has / 2) * 100) / 100;
  return amount < 1 ? undefined : { amount, from: { bucket: customer.data, amount, units: 'MB' }, cents: 0 };
}

function callOf(
  { product, wallet, minutes }: Customer,
  amount: number,
  isAbroad: boolean,
  left: ReadonlyMap<string, number>,
): Part | undefined {
  const cents = amount * (isAbroad ? centsPerMinuteAbroad : centsPerMinute);
  if (product.isPrepaid) return paidFrom(wallet, amount, cents, left);
  if (minutes && !isAbroad && (left.get(minutes) ?? 0) >= amount)
    return { amount, from: { bucket: minutes, amount, units: 'min' }, cents: 0 };
  return { amount, cents };
}

function messageOf({ product, wallet, sms }: Customer, left: ReadonlyMap<string, number>): Part | undefined {
  if (sms && (left.get(sms) ?? 0) >= 1) return { amount: 1, from: { bucket: sms, amount: 1, units: 'SMS' }, cents: 0 };
  return product.isPrepaid ? paidFrom(wallet, 1, centsPerSms, left) : { amount: 1, cents: centsPerSms };
}

function paidFrom(
  wallet: string | undefined,
  amount: number,
  cents: number,
  left: ReadonlyMap<string, number>,
): Part | undefined {
  if (!wallet || (left.get(wallet) ?? 0) < cents) return undefined;
  return { amount, from: { bucket: wallet, amount: cents / 100, units: 'EUR' }, cents };
}
