import type { Database } from '../../platform/database/database.js';
import type { Decimal } from '../../platform/decimal.js';
import { toPlainObject, withoutNulls, type Plain } from '../../platform/plain.js';
import { runCommand, type Answer } from '../../platform/write/command.js';
import { idempotencyOf } from '../../platform/write/idempotency.js';
import { deleteRow, insertRows, lockRow, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { requireOpeningAmount } from '../amount.js';
import { changed, requestedInput, requireRevision, type Change, type WriteContext } from '../changes.js';
import { changeEvent } from '../events.js';
import { eachOf, invalid, isGiven, missing, requireName, requireValidity, type Validity } from '../input.js';
import { requireDefinitions, type Definition } from './definitions.js';
import type { UsageTools } from './usages.js';

/** What the domain looks at; everything else is kept as it comes. */
export interface SpecificationInput {
  name?: string | null;
  isBundle?: boolean | null;
  lifecycleStatus?: string | null;
  validFor?: Validity | null;
  specCharacteristic?: CharacteristicInput[] | null;
  attachment?: { size?: { amount: Decimal; units: string } | null; validFor?: Validity | null }[] | null;
  entitySpecRelationship?: { validFor?: Validity | null }[] | null;
}

interface CharacteristicInput {
  characteristicValueSpecification?: { valueFrom?: Decimal | null; valueTo?: Decimal | null }[] | null;
  charSpecRelationship?: { validFor?: Validity | null }[] | null;
}

/** TMF635 usage specifications: their own definitions are checked, so that usages can be checked by them. */
export class UsageSpecifications {
  constructor(
    private readonly database: Database,
    private readonly tools: UsageTools,
  ) {}

  async create(context: WriteContext, input: SpecificationInput): Promise<Answer> {
    const { answer, replayed } = await this.insert(context, 'createUsageSpecification', withoutNulls(toPlainObject(input)), [fromInput(input)]);
    const [row] = answer['items'] as Plain[];
    return { answer: row as Plain, replayed };
  }

  /** Several specifications, all or none; the answer is `{ items: [...] }`. */
  createMany(context: WriteContext, inputs: readonly SpecificationInput[]): Promise<Answer> {
    const items = inputs.map((input) => withoutNulls(toPlainObject(input)));
    return this.insert(context, 'createUsageSpecifications', { items }, eachOf(inputs, fromInput));
  }

  private insert(context: WriteContext, operation: string, input: Plain, given: readonly Plain[]): Promise<Answer> {
    const { clock, nextId, extensions, shapes } = this.tools;
    const idempotency = idempotencyOf(context.idempotencyKey, operation, input);
    return runCommand(this.database, clock, { tenantId: context.tenantId, idempotency }, async (tx, now) => {
      const at = now.toISOString();
      const rows = given.map((data): Plain => ({ ...data, id: nextId(now), revision: 1, lastUpdate: at, updatedAt: at }));
      rows.forEach((row) => extensions.check(row));
      await writeAll(tx, [insertRows(shapes.usageSpecification, context.tenantId, rows)]);
      return { answer: { items: rows }, events: rows.map((row) => changeEvent('usageSpecification', 'Create', row, now, nextId)) };
    });
  }

  async update(context: WriteContext, { id, input, ifRevision }: Change): Promise<Answer> {
    const { clock, nextId, extensions, shapes } = this.tools;
    const changes = fromChange(input);
    const { tenantId } = context;
    const idempotency = idempotencyOf(context.idempotencyKey, 'updateUsageSpecification', requestedInput(context, { id, ...changes }));
    return runCommand(this.database, clock, { tenantId, idempotency }, async (tx, now) => {
      const before = requireRevision(await lockRow(tx, shapes.usageSpecification, tenantId, id), 'usageSpecification', id, ifRevision);
      const next = changed(before, changes, now);
      if (next === undefined) return { answer: before, events: [] };
      const after = { ...next, lastUpdate: now.toISOString() };
      extensions.check(after);
      await writeAll(tx, [updateRows(shapes.usageSpecification, tenantId, [...Object.keys(changes), 'lastUpdate'], [after])]);
      return { answer: after, events: [changeEvent('usageSpecification', 'AttributeValueChange', after, now, nextId)] };
    });
  }

  /** Usages keep their reference: it need not lead anywhere (DESIGN §8). */
  async delete(context: WriteContext, id: string): Promise<Answer> {
    const { clock, nextId, shapes } = this.tools;
    const { tenantId } = context;
    const idempotency = idempotencyOf(context.idempotencyKey, 'deleteUsageSpecification', { id });
    return runCommand(this.database, clock, { tenantId, idempotency }, async (tx, now) => {
      const before = requireRevision(await lockRow(tx, shapes.usageSpecification, tenantId, id), 'usageSpecification', id, undefined);
      await writeAll(tx, [deleteRow(shapes.usageSpecification, tenantId, id)]);
      return { answer: { id }, events: [changeEvent('usageSpecification', 'Delete', before, now, nextId)] };
    });
  }
}

function fromInput(input: SpecificationInput): Plain {
  if (!isGiven(input.name)) throw missing('name', 'a specification has one');
  check(input);
  return withoutNulls({ ...toPlainObject(input), isBundle: input.isBundle ?? false });
}

/** The changes of a PATCH: null removes. */
function fromChange(input: SpecificationInput): Plain {
  for (const name of ['name', 'isBundle'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  check(input);
  return toPlainObject(input);
}

function check(input: SpecificationInput): void {
  if (isGiven(input.name)) requireName('name', input.name);
  if (isGiven(input.lifecycleStatus)) requireName('lifecycleStatus', input.lifecycleStatus);
  requireValidity(input.validFor);
  for (const [index, { size, validFor }] of (input.attachment ?? []).entries()) {
    requireValidity(validFor, `attachment.${index}.validFor`);
    if (!isGiven(size)) continue;
    requireName(`attachment.${index}.size.units`, size.units);
    requireOpeningAmount(size.amount, `attachment.${index}.size.amount`);
  }
  for (const [index, { validFor }] of (input.entitySpecRelationship ?? []).entries()) requireValidity(validFor, `entitySpecRelationship.${index}.validFor`);
  for (const [index, characteristic] of (input.specCharacteristic ?? []).entries()) checkNumbers(`specCharacteristic.${index}`, characteristic);
  requireDefinitions(toPlainObject({ definitions: input.specCharacteristic })['definitions'] as unknown as Definition[] | null);
}

/** The ends of a range may be negative, but no finer and no larger than amounts are. */
function checkNumbers(path: string, { characteristicValueSpecification, charSpecRelationship }: CharacteristicInput): void {
  for (const [at, { valueFrom, valueTo }] of (characteristicValueSpecification ?? []).entries()) {
    for (const [name, end] of Object.entries({ valueFrom, valueTo })) {
      if (isGiven(end)) requireOpeningAmount(end.abs(), `${path}.characteristicValueSpecification.${at}.${name}`);
    }
  }
  for (const [at, { validFor }] of (charSpecRelationship ?? []).entries()) requireValidity(validFor, `${path}.charSpecRelationship.${at}.validFor`);
}
