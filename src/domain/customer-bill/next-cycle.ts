import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { localTime } from '../../platform/calendar.js';
import { withoutNulls, type JsonObject } from '../../platform/json-object.js';
import { runCommand, type Answer } from '../../platform/write/command.js';
import { idempotencyOf } from '../../platform/write/idempotency.js';
import { insertRows, lockRow } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import type { WriteContext } from '../changes.js';
import { changeEvent } from '../events.js';
import { completeCycle, isOneOfPeriods, nextPeriod, type BillingPeriod } from './periods.js';
import type { CustomerBillDependencies } from './dependencies.js';

/** When the first and the last cycle of a specification begin; null: there is none. */
interface KnownCycles {
  first: Date | null;
  last: Date | null;
}

/**
 * The cycle that follows the last one of a specification, whole: its period, its name and its dates. Throws NOT_FOUND, and
 * CONFLICT when the specification does not say what recurs, or is no longer valid then.
 */
export function createNextCycle(
  database: Database,
  dependencies: CustomerBillDependencies,
  context: WriteContext,
  specificationId: string,
): Promise<Answer> {
  const { tenantId } = context;
  const { mappings, nextId, clock, timeZone } = dependencies;
  const idempotency = idempotencyOf(context.idempotencyKey, 'createNextBillCycle', { id: specificationId });
  return runCommand(database, clock, { tenantId, idempotency }, async (tx, now) => {
    // Whoever makes the next one at the same time waits here.
    const locked = await lockRow(tx, mappings.billCycleSpecification, tenantId, specificationId);
    if (locked === undefined)
      throw new DomainError('NOT_FOUND', `billCycleSpecification '${abbreviated(specificationId)}' does not exist`);
    const specification = withoutNulls(locked);
    const [known] = await tx.query<KnownCycles>(Prisma.sql`
      SELECT min("validForStart") AS "first", max("validForStart") AS "last" FROM "BillCycle"
      WHERE "tenantId" = ${tenantId} AND "billCycleSpecification" @> ${JSON.stringify({ id: specificationId })}::jsonb`);
    const { startDateTime, endDateTime } = (specification['validFor'] ?? {}) as JsonObject;
    const validFrom = typeof startDateTime === 'string' ? new Date(startDateTime) : undefined;
    const anchor =
      anchorOf(specification, validFrom, known, timeZone) ?? localTime(now, timeZone).startOf('month').toJSDate();
    const period = nextPeriod(specification, anchor, known?.last ?? undefined, timeZone);
    if (period === undefined) {
      throw new DomainError(
        'CONFLICT',
        `billCycleSpecification '${specificationId}' does not say what recurs: it has neither billingPeriod nor frequency`,
        { path: 'billingPeriod' },
      );
    }
    if (typeof endDateTime === 'string' && period.start >= new Date(endDateTime)) {
      throw new DomainError(
        'CONFLICT',
        `billCycleSpecification '${specificationId}' is valid until ${endDateTime}: no cycle begins later`,
        { path: 'validFor' },
      );
    }
    const cycle = newCycle(specification, period, nextId(now), now, timeZone);
    await writeAll(tx, [insertRows(mappings.billCycle, tenantId, [cycle])]);
    return { answer: cycle, events: [changeEvent('billCycle', 'Create', cycle, now, nextId)] };
  });
}

/**
 * From where periods are counted, so that those of a 31st end with every month: from the validity of the specification,
 * which does not go away with a cycle that is deleted, or from the first cycle where the last one is counted otherwise.
 * Undefined where there is neither.
 */
function anchorOf(
  specification: JsonObject,
  validFrom: Date | undefined,
  known: KnownCycles | undefined,
  zone: string,
): Date | undefined {
  if (!known?.first || !known.last) return validFrom;
  return validFrom && isOneOfPeriods(specification, validFrom, known.last, zone) ? validFrom : known.first;
}

function newCycle(
  specification: JsonObject,
  { start, end }: BillingPeriod,
  id: string,
  now: Date,
  zone: string,
): JsonObject {
  const name = specification['name'];
  const reference = { id: String(specification['id']), ...(typeof name === 'string' && { name }) };
  const validFor = { startDateTime: start.toISOString(), endDateTime: end.toISOString() };
  const cycle = completeCycle(
    { id, revision: 1, updatedAt: now.toISOString(), billCycleSpecification: reference, validFor },
    specification,
    zone,
  );
  const title = [name, cycle['billingPeriod']].filter((part) => typeof part === 'string').join(' ');
  return title === '' ? cycle : { ...cycle, name: title };
}
