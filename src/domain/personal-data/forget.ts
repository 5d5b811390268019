import type { JsonObject, JsonValue } from '../../platform/json-object.js';

// What forgetting a party does to JSON: pure, and the same wherever it stands.

/** Who is to be forgotten. */
export interface Forgotten {
  readonly party: string;
  /** Accounts that are forgotten with it. */
  readonly accounts: readonly string[];
  /** Names to look for, besides those that stand beside the party's id. */
  readonly names: readonly string[];
}

/** What stands for a name within a text. */
const gone = '[forgotten]';
/** Shorter names would be found within anything. */
export const NAME_LENGTH_MIN = 3;

const partyPlaces: ReadonlySet<string> = new Set(['relatedParty', 'requestor', 'receiver']);
const accountPlaces: ReadonlySet<string> = new Set([
  'partyAccount',
  'receiverPartyAccount',
  'billingAccount',
  'financialAccount',
]);
/** What stays of a reference: which one it is, and what it is to the resource. */
const kept: ReadonlySet<string> = new Set([
  'id',
  'role',
  'status',
  ...['atReferredType', 'atType', 'atBaseType', 'atSchemaLocation'],
  ...['@referredType', '@type', '@baseType', '@schemaLocation'],
]);
/** Attributes in which people write; extensions are searched whole. */
const textPlaces: ReadonlySet<string> = new Set([
  ...['name', 'description', 'text', 'author', 'reason', 'cancellationReason', 'remainingValueName'],
]);

/**
 * The columns of a row without what tells who the party is; those that are as they were are the same values. `texts` are the
 * names of columns in which people write.
 */
export function forgetIn(row: JsonObject, who: Forgotten, texts: readonly string[]): JsonObject {
  const names = new Set(who.names);
  for (const [name, value] of Object.entries(row)) collectNames(name, value, who, names, name === 'extension');
  const pattern = patternOf(names);
  const walk = new Walk(who, pattern);
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' && texts.includes(name)
        ? walk.text(value)
        : walk.value(name, value, name === 'extension'),
    ]),
  );
}

class Walk {
  constructor(
    private readonly who: Forgotten,
    private readonly names: RegExp | undefined,
  ) {}

  text(value: string): string {
    return this.names ? value.replace(this.names, gone) : value;
  }

  /** `name`: the attribute that the value, or the list it is in, stands under. */
  value(name: string, value: JsonValue, isExtension: boolean): JsonValue {
    if (typeof value === 'string') return isExtension || textPlaces.has(name) ? this.text(value) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value))
      return same(
        value,
        value.map((one) => this.value(name, one, isExtension)),
      );
    if (isMeant(name, value, this.who, isExtension)) return bare(value);
    const entries = Object.entries(value).flatMap(([inner, part]): [string, JsonValue][] => {
      // A note without its author says as much.
      if (inner === 'author' && typeof part === 'string' && this.isName(part)) return [];
      return [[inner, this.value(inner, part, isExtension || inner === 'extension')]];
    });
    const isSame =
      entries.length === Object.keys(value).length && entries.every(([inner, part]) => part === value[inner]);
    return isSame ? value : fromEntries(entries);
  }

  private isName(text: string): boolean {
    return this.names !== undefined && text.trim().replace(this.names, '') === '';
  }
}

/** Whether an object under this name refers to the party, or to one of its accounts. */
function isMeant(name: string, value: JsonObject, { party, accounts }: Forgotten, isExtension: boolean): boolean {
  const { id, role, atReferredType, '@referredType': referred } = value;
  if (typeof id !== 'string') return false;
  const type = atReferredType ?? referred;
  const isAccount = accountPlaces.has(name) || type === 'BillingAccount';
  if (isAccount) return accounts.includes(id);
  const isParty = partyPlaces.has(name) || (isExtension && (type ?? role ?? null) !== null);
  return isParty && id === party;
}

function bare(reference: JsonObject): JsonObject {
  const entries = Object.entries(reference);
  const left = entries.filter(([name]) => kept.has(name));
  return left.length === entries.length ? reference : fromEntries(left);
}

/** The names by which references call whom they mean. */
function collectNames(name: string, value: JsonValue, who: Forgotten, names: Set<string>, isExtension: boolean): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const one of value) collectNames(name, one, who, names, isExtension);
    return;
  }
  if (isMeant(name, value, who, isExtension)) {
    if (typeof value.name === 'string') names.add(value.name);
    return;
  }
  for (const [inner, part] of Object.entries(value))
    collectNames(inner, part, who, names, isExtension || inner === 'extension');
}

/** The longest names first. One of several words is found within longer ones, too, such as its genitive; a single word only whole. */
function patternOf(names: ReadonlySet<string>): RegExp | undefined {
  const usable = [...names].map((name) => name.trim()).filter(({ length }) => length >= NAME_LENGTH_MIN);
  if (usable.length === 0) return undefined;
  const patterns = usable
    .sort((one, other) => other.length - one.length)
    .map((name) => {
      const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return /\s/.test(name) ? escaped : `(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`;
    });
  return new RegExp(patterns.join('|'), 'giu');
}

function same(before: JsonValue[], after: JsonValue[]): JsonValue[] {
  return after.every((one, index) => one === before[index]) ? before : after;
}

/** Own properties, whatever they are called. */
function fromEntries(entries: readonly (readonly [string, JsonValue])[]): JsonObject {
  return Object.fromEntries(entries) as JsonObject;
}
