import type { Transaction } from '../../platform/database/database.js';
import type { JsonObject, JsonValue } from '../../platform/json-object.js';
import { withoutNulls } from '../../platform/json-object.js';
import { insertEvents, type DomainEvent } from '../../platform/write/outbox.js';
import { readRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { changeEvent, type ChangeOf } from '../events.js';
import type { Writing } from '../resource-changes.js';
import { forgetIn, type Forgotten } from './forget.js';
import type { PersonalDataDependencies } from './model.js';
import type { Place } from './places.js';
import { keyOf, lockPlace, lookOn, writePlace, type FoundRow, type KeyColumns, type RowKey } from './places.store.js';

/** Takes out of tables what tells who a party is. */
export class PlaceCleaner {
  private readonly keys = new Map<string, KeyColumns>();

  constructor(private readonly dependencies: Pick<PersonalDataDependencies, 'mappingOf' | 'nextId'>) {}

  /** Goes through the next rows behind a key. How many of them changed, and the last one; undefined: there are no more. */
  async clean(
    { tx, tenantId, now }: Writing,
    place: Place,
    who: Forgotten,
    after: RowKey | undefined,
  ): Promise<{ rows: number; last: RowKey | undefined }> {
    const looking = { place, key: await this.keyOf(tx, place), tenantId, who };
    const seen = await lookOn(tx, looking, after);
    if (seen === undefined) return { rows: 0, last: undefined };
    const changed = (await lockPlace(tx, looking, seen.found)).flatMap((row) => forgetRow(place, row, who) ?? []);
    await writePlace(tx, looking, changed, now);
    const ids = changed.map(({ key }) => String(key[0]));
    await writeAll(tx, [insertEvents(tenantId, await this.eventsOf({ tx, tenantId, now }, place, ids))]);
    return { rows: changed.length, last: seen.last };
  }

  private async keyOf(tx: Transaction, place: Place): Promise<KeyColumns> {
    const known = this.keys.get(place.table) ?? (await keyOf(tx, place));
    this.keys.set(place.table, known);
    return known;
  }

  /** Of rows that are still read: what was deleted is nobody's news. */
  private async eventsOf(
    { tx, tenantId, now }: Writing,
    { resources = [] }: Place,
    ids: readonly string[],
  ): Promise<DomainEvent[]> {
    const events: DomainEvent[] = [];
    for (const resource of resources) {
      const rows = await readRows(tx, this.dependencies.mappingOf(resource), tenantId, ids);
      const change = 'AttributeValueChange' as ChangeOf<typeof resource>;
      for (const row of rows.values())
        events.push(changeEvent(resource, change, withoutNulls(row), now, this.dependencies.nextId));
    }
    return events;
  }
}

/** The row without what tells who the party is; undefined: it is as it was. What does not change keeps its text. */
function forgetRow(place: Place, row: FoundRow, who: Forgotten): FoundRow | undefined {
  const { json, jsonText = [], texts = [], rowsAre } = place;
  const parsed = new Set([...json, ...jsonText]);
  const before: JsonObject = {};
  for (const [name, text] of Object.entries(row.texts))
    if (text !== null) before[name] = parsed.has(name) ? (JSON.parse(text) as JsonValue) : text;
  const isForgotten = rowsAre && (rowsAre === 'parties' ? [who.party] : who.accounts).includes(String(row.key[0]));
  const after: JsonObject = isForgotten ? {} : forgetIn(before, who, texts);
  const different = Object.keys(before).filter((name) => after[name] !== before[name]);
  if (different.length === 0) return undefined;
  const changed = different.map((name) => [
    name,
    parsed.has(name) ? JSON.stringify(after[name]) : ((after[name] ?? null) as string | null),
  ]);
  return { key: row.key, texts: { ...row.texts, ...(Object.fromEntries(changed) as FoundRow['texts']) } };
}
