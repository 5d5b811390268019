import type { Database, Transaction } from '../../platform/database/database.js';
import { localTime } from '../../platform/calendar.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { withoutNulls } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import { lockRow, readRows } from '../../platform/write/rows.js';
import type { RowChanges, WriteContext } from '../changes.js';
import {
  invalid,
  isGiven,
  requireName,
  requireOneOf,
  requireValidity,
  toChanges,
  toGiven,
  type ReferenceInput,
  type Validity,
} from '../input.js';
import { ResourceWriter } from '../resource-writer.js';
import { findKnownCycles, type KnownCycles } from './bills.store.js';
import type { CustomerBillDependencies, CycleRow, CycleSpecificationRow } from './model.js';
import {
  billingPeriods,
  completeCycle,
  frequencies,
  frequencyOf,
  isOneOfPeriods,
  nextPeriod,
  offsetAttributes,
  type BillingPeriod,
} from './periods.js';

/** Days that a step may lie before or after the start of its period. */
const OFFSET_DAYS_MAX = 1_000;

/** The attributes that the rules read; all others are stored as they arrive. */
export interface CycleInput {
  name?: string | null;
  billingPeriod?: string | null;
  billCycleSpecification?: ReferenceInput | null;
  validFor?: Validity | null;
}

/** TMF678 bill cycles. What a new one leaves open, its specification says, if that is one of ours; later changes are as they come. */
export class BillCycles extends ResourceWriter<'billCycle', CycleRow, CycleInput> {
  constructor(
    database: Database,
    private readonly cycleDependencies: CustomerBillDependencies,
  ) {
    super(database, cycleDependencies, {
      resource: 'billCycle',
      mapping: cycleDependencies.mappings.billCycle,
      fromInput: (input) => withoutNulls(fromCycleInput(input) as Partial<CycleRow>),
      fromChange: fromCycleInput,
      complete: async (given, { tx, tenantId }) => {
        const id = given.billCycleSpecification?.id;
        if (id === undefined) return given;
        const { mappings, zoneOf } = cycleDependencies;
        const specification = (await readRows(tx, mappings.billCycleSpecification, tenantId, [id])).get(id);
        return specification ? completeCycle(given, specification, zoneOf(tenantId)) : given;
      },
    });
  }

  /**
   * Creates the cycle that follows the last one of a specification, whole: its period, its name and its dates. Throws
   * NOT_FOUND, and CONFLICT when the specification does not say what recurs, or is no longer valid then.
   */
  createNext(context: WriteContext, specificationId: string): Promise<Answer<CycleRow>> {
    const { mappings, nextId, zoneOf } = this.cycleDependencies;
    const input = { id: specificationId };
    return this.run(context, 'createNextBillCycle', input, async ({ tx, tenantId, now }, changes) => {
      // Transactions that make the next cycle at the same time wait for each other here.
      const specification = await this.lockSpecification(tx, tenantId, specificationId);
      const known = await findKnownCycles(tx, tenantId, specificationId);
      const zone = zoneOf(tenantId);
      const anchor = anchorOf(specification, known, zone) ?? localTime(now, zone).startOf('month').toJSDate();
      const period = nextPeriod(specification, anchor, known.last ?? undefined, zone);
      requireValidPeriod(specification, period);
      const cycle = newCycle(specification, period, nextId(now), now, zone);
      changes.create(mappings.billCycle, [cycle]);
      return { answer: cycle };
    });
  }

  private async lockSpecification(tx: Transaction, tenantId: string, id: string): Promise<CycleSpecificationRow> {
    const locked = await lockRow(tx, this.cycleDependencies.mappings.billCycleSpecification, tenantId, id);
    if (locked === undefined)
      throw new DomainError('NOT_FOUND', `billCycleSpecification '${abbreviated(id)}' does not exist`);
    return withoutNulls(locked);
  }
}

function requireValidPeriod(
  { id, validFor }: CycleSpecificationRow,
  period: BillingPeriod | undefined,
): asserts period is BillingPeriod {
  if (period === undefined) {
    throw new DomainError(
      'CONFLICT',
      `billCycleSpecification '${id}' does not say what recurs: it has neither billingPeriod nor frequency`,
      { path: 'billingPeriod' },
    );
  }
  const end = validFor?.endDateTime;
  if (end && period.start >= new Date(end)) {
    throw new DomainError('CONFLICT', `billCycleSpecification '${id}' is valid until ${end}: no cycle begins later`, {
      path: 'validFor',
    });
  }
}

/**
 * From where periods are counted, so that those of a 31st end with every month: from the validity of the specification,
 * which does not go away with a cycle that is deleted, or from the first cycle where the last one is counted otherwise.
 * Undefined where there is neither.
 */
function anchorOf(specification: CycleSpecificationRow, known: KnownCycles, zone: string): Date | undefined {
  const start = specification.validFor?.startDateTime;
  const validFrom = start ? new Date(start) : undefined;
  if (!known.first || !known.last) return validFrom;
  return validFrom && isOneOfPeriods(specification, validFrom, known.last, zone) ? validFrom : known.first;
}

function newCycle(
  specification: CycleSpecificationRow,
  { start, end }: BillingPeriod,
  id: string,
  now: Date,
  zone: string,
): CycleRow {
  const { name } = specification;
  const reference = { id: specification.id, ...(typeof name === 'string' && { name }) };
  const validFor = { startDateTime: start.toISOString(), endDateTime: end.toISOString() };
  const cycle = completeCycle(
    { id, revision: 1, updatedAt: now.toISOString(), billCycleSpecification: reference, validFor },
    specification,
    zone,
  );
  const title = [name, cycle.billingPeriod].filter((part) => typeof part === 'string').join(' ');
  return title === '' ? cycle : { ...cycle, name: title };
}

function fromCycleInput(input: CycleInput): RowChanges<CycleRow> {
  const { name, billingPeriod, billCycleSpecification, validFor } = input;
  for (const [path, text] of Object.entries({
    name,
    billingPeriod,
    'BillCycleSpecification.id': billCycleSpecification?.id,
  })) {
    if (isGiven(text)) requireName(path, text);
  }
  requireValidity(validFor);
  return toChanges(input);
}

/** The attributes that the rules read; all others are stored as they arrive. */
export interface CycleSpecificationInput {
  name?: string | null;
  billingPeriod?: string | null;
  frequency?: string | null;
  validFor?: Validity | null;
}

/** TMF678 specifications of bill cycles. */
export function createCycleSpecifications(
  database: Database,
  dependencies: CustomerBillDependencies,
): ResourceWriter<'billCycleSpecification', CycleSpecificationRow, CycleSpecificationInput> {
  return new ResourceWriter(database, dependencies, {
    resource: 'billCycleSpecification',
    mapping: dependencies.mappings.billCycleSpecification,
    fromInput: (input) => {
      checkSpecification(input);
      const given = toGiven<CycleSpecificationRow>(input);
      requireOneRhythm(given);
      return given;
    },
    complete: (given) => given,
    fromChange: (input) => {
      checkSpecification(input);
      return toChanges(input);
    },
    require: (_before, after) => requireOneRhythm(after),
  });
}

function checkSpecification(input: CycleSpecificationInput): void {
  const { name, billingPeriod, frequency, validFor } = input;
  if (isGiven(name)) requireName('name', name);
  if (isGiven(billingPeriod)) requireOneOf('billingPeriod', billingPeriods, billingPeriod);
  if (isGiven(frequency)) requireOneOf('frequency', frequencies, frequency);
  requireValidity(validFor);
  const given = toChanges<CycleSpecificationRow>(input);
  for (const attribute of offsetAttributes) {
    const days = given[attribute];
    if (typeof days === 'number' && Math.abs(days) > OFFSET_DAYS_MAX)
      throw invalid(
        attribute,
        `must be from -${OFFSET_DAYS_MAX} to ${OFFSET_DAYS_MAX} days, the limit OFFSET_DAYS_MAX: ${days}`,
      );
  }
}

/** A period is billed once: how long it is says how often. */
function requireOneRhythm({ billingPeriod, frequency }: Partial<CycleSpecificationRow>): void {
  if (!isGiven(billingPeriod) || !isGiven(frequency)) return;
  const expected = frequencyOf(billingPeriod);
  if (frequency !== expected)
    throw invalid('frequency', `must be ${expected}, as the billingPeriod is ${billingPeriod}: '${frequency}'`);
}
