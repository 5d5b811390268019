import type { JsonObject, JsonValue } from '../../platform/json-object.js';
import { referencesAt, type OwnerPath } from '../../platform/rights/ownership.js';
import { namings } from './places.js';

/** What is known of somebody, or something, by what names it. */
export interface Entry {
  readonly id: string;
  readonly name: string | null;
  /** Of parties. */
  readonly atReferredType: string | null;
}

/** Ids with more bytes are left out: an index could not hold them. */
const idBytesMax = 512;
/** Longer names are cut. */
const nameLengthMax = 255;
/** Pairs that one row makes at most. */
const pairsMax = 1_000;

/** What rows name, each once. The last name that is given to one is its name. */
export class Names {
  readonly parties = new Map<string, Entry>();
  readonly accounts = new Map<string, Entry>();
  readonly logicalResources = new Map<string, Entry>();
  /** Account, party and role. */
  readonly accountParties = new Map<string, readonly [string, string, string]>();
  readonly logicalResourceParties = new Map<string, readonly [string, string]>();
  readonly logicalResourceAccounts = new Map<string, readonly [string, string]>();

  /** Adds what rows of a resource name. */
  add(resource: string, rows: readonly JsonObject[]): this {
    const naming = namings[resource];
    if (naming) for (const row of rows) this.addRow(row, naming.paths, naming.isTogether);
    return this;
  }

  private addRow(row: JsonObject, paths: readonly OwnerPath[], isTogether: boolean): void {
    const parties: { id: string; role: string }[] = [];
    const accounts: string[] = [];
    const logicalResources: string[] = [];
    for (const path of paths) {
      for (const reference of referencesAt(path, row)) {
        const id = idOf(path, reference);
        if (id === undefined) continue;
        if (path.of === 'party') {
          note(this.parties, id, reference);
          parties.push({ id, role: clipped(reference.role) ?? '' });
        } else if (path.of === 'account') {
          note(this.accounts, id, reference);
          accounts.push(id);
        } else {
          note(this.logicalResources, id, reference);
          logicalResources.push(id);
        }
      }
    }
    if (!isTogether) return;
    let left = pairsMax;
    const pair = <T extends readonly string[]>(pairs: Map<string, T>, one: T): void => {
      if (left-- > 0) pairs.set(JSON.stringify(one), one);
    };
    for (const account of accounts)
      for (const { id, role } of parties) pair(this.accountParties, [account, id, role] as const);
    for (const logicalResource of logicalResources) {
      for (const { id } of parties) pair(this.logicalResourceParties, [logicalResource, id] as const);
      for (const account of accounts) pair(this.logicalResourceAccounts, [logicalResource, account] as const);
    }
  }
}

/** What a logical resource is known by is its value, where it has one. */
function idOf({ form }: OwnerPath, { id, value }: JsonObject): string | undefined {
  const known = form === 'values' ? (value ?? id) : id;
  return typeof known === 'string' && known !== '' && Buffer.byteLength(known) <= idBytesMax ? known : undefined;
}

function note(entries: Map<string, Entry>, id: string, { name, atReferredType }: JsonObject): void {
  const known = entries.get(id);
  entries.set(id, {
    id,
    name: clipped(name) ?? known?.name ?? null,
    atReferredType: clipped(atReferredType) ?? known?.atReferredType ?? null,
  });
}

function clipped(text: JsonValue | undefined): string | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  return text.length <= nameLengthMax ? text : Array.from(text).slice(0, nameLengthMax).join('');
}
