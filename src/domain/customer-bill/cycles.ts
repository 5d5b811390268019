import type { Database } from '../../platform/database/database.js';
import { abbreviated } from '../../platform/errors.js';
import { toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import { readRows } from '../../platform/write/rows.js';
import { invalid, isGiven, requireName, requireValidity, type Validity } from '../input.js';
import { ResourceWriter } from '../resource-writer.js';
import type { Reference } from './bill-input.js';
import { billingPeriods, completeCycle, frequencies, frequencyOf, offsetAttributes } from './periods.js';
import type { CustomerBillDependencies } from './dependencies.js';

/** Days that a step may lie before or after the start of its period. */
const offsetDaysMax = 1_000;

export interface CycleInput {
  name?: string | null;
  billingPeriod?: string | null;
  billCycleSpecification?: Reference | null;
  validFor?: Validity | null;
}

/** TMF678 bill cycles. What a new one leaves open, its specification says, if that is one of ours; later changes are as they come. */
export function createCycles(database: Database, dependencies: CustomerBillDependencies): ResourceWriter<CycleInput> {
  return new ResourceWriter(database, dependencies, {
    resource: 'billCycle',
    mapping: dependencies.mappings.billCycle,
    fromInput: (input) => withoutNulls(fromCycleInput(input)),
    fromChange: fromCycleInput,
    complete: async (given, { tx, tenantId }) => {
      const id = (given['billCycleSpecification'] as JsonObject | undefined)?.['id'];
      if (typeof id !== 'string') return given;
      const specification = (await readRows(tx, dependencies.mappings.billCycleSpecification, tenantId, [id])).get(id);
      return specification ? completeCycle(given, specification, dependencies.timeZone) : given;
    },
  });
}

function fromCycleInput(input: CycleInput): JsonObject {
  const { name, billingPeriod, billCycleSpecification, validFor } = input;
  for (const [path, text] of Object.entries({
    name,
    billingPeriod,
    'BillCycleSpecification.id': billCycleSpecification?.id,
  })) {
    if (isGiven(text)) requireName(path, text);
  }
  requireValidity(validFor);
  return toJsonObject(input);
}

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
): ResourceWriter<CycleSpecificationInput> {
  return new ResourceWriter(database, dependencies, {
    resource: 'billCycleSpecification',
    mapping: dependencies.mappings.billCycleSpecification,
    fromInput: (input) => {
      const given = withoutNulls(fromSpecificationInput(input));
      requireOneRhythm(given);
      return given;
    },
    fromChange: fromSpecificationInput,
    require: (_before, after) => requireOneRhythm(after),
  });
}

function fromSpecificationInput(input: CycleSpecificationInput): JsonObject {
  const { name, billingPeriod, frequency, validFor } = input;
  if (isGiven(name)) requireName('name', name);
  requireOneOf('billingPeriod', billingPeriod, billingPeriods);
  requireOneOf('frequency', frequency, frequencies);
  requireValidity(validFor);
  const given = toJsonObject(input);
  for (const attribute of offsetAttributes) {
    const days = given[attribute];
    if (typeof days === 'number' && Math.abs(days) > offsetDaysMax)
      throw invalid(attribute, `must be from -${offsetDaysMax} to ${offsetDaysMax} days: ${days}`);
  }
  return given;
}

function requireOneOf(path: string, text: string | null | undefined, choices: readonly string[]): void {
  if (isGiven(text) && !choices.includes(text))
    throw invalid(path, `must be one of ${choices.join(', ')}: '${abbreviated(text)}'`);
}

/** A period is billed once: how long it is says how often. */
function requireOneRhythm({ billingPeriod, frequency }: JsonObject): void {
  if (typeof billingPeriod !== 'string' || typeof frequency !== 'string') return;
  const expected = frequencyOf(billingPeriod);
  if (frequency !== expected)
    throw invalid('frequency', `must be ${expected}, as the billingPeriod is ${billingPeriod}: '${frequency}'`);
}
