import type { Database } from '../../platform/database/database.js';
import type { Decimal } from '../../platform/decimal.js';
import { requireOpeningAmount } from '../amount.js';
import { requireAttachments, type AttachmentInput } from '../attachments.js';
import type { RowChanges } from '../changes.js';
import {
  invalid,
  isGiven,
  missing,
  requireName,
  requireValidity,
  toChanges,
  toGiven,
  type Validity,
} from '../input.js';
import { ResourceWriter } from '../resource-writer.js';
import { requireDefinitions } from './definitions.js';
import type { SpecificationRow, UsageDependencies } from './model.js';

/** The attributes that the rules read; all others are stored as they arrive. */
export interface SpecificationInput {
  name?: string | null;
  isBundle?: boolean | null;
  lastUpdate?: Date | null;
  lifecycleStatus?: string | null;
  validFor?: Validity | null;
  specCharacteristic?: CharacteristicInput[] | null;
  attachment?: AttachmentInput[] | null;
  entitySpecRelationship?: { validFor?: Validity | null }[] | null;
}

interface CharacteristicInput {
  characteristicValueSpecification?: { valueFrom?: Decimal | null; valueTo?: Decimal | null }[] | null;
  charSpecRelationship?: { validFor?: Validity | null }[] | null;
}

/** TMF635 usage specifications: their own definitions are checked, so that usages can be checked by them. Usages need not refer to one. */
export function createUsageSpecifications(
  database: Database,
  dependencies: UsageDependencies,
): ResourceWriter<'usageSpecification', SpecificationRow, SpecificationInput> {
  return new ResourceWriter(database, dependencies, {
    resource: 'usageSpecification',
    mapping: dependencies.mappings.usageSpecification,
    fromInput,
    fromChange,
    complete: (given) => given,
  });
}

function fromInput(input: SpecificationInput): Partial<SpecificationRow> & Pick<SpecificationRow, 'name' | 'isBundle'> {
  if (!isGiven(input.name)) throw missing('name', 'a specification has one');
  check(input);
  return { ...toGiven<SpecificationRow, 'name'>(input), isBundle: input.isBundle ?? false };
}

/** The changes of a PATCH: null removes. */
function fromChange(input: SpecificationInput): RowChanges<SpecificationRow> {
  for (const name of ['name', 'isBundle', 'lastUpdate'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  check(input);
  return toChanges(input);
}

function check(input: SpecificationInput): void {
  if (isGiven(input.name)) requireName('name', input.name);
  if (isGiven(input.lifecycleStatus)) requireName('lifecycleStatus', input.lifecycleStatus);
  requireValidity(input.validFor);
  requireAttachments('attachment', input.attachment);
  for (const [index, { validFor }] of (input.entitySpecRelationship ?? []).entries())
    requireValidity(validFor, `entitySpecRelationship.${index}.validFor`);
  for (const [index, characteristic] of (input.specCharacteristic ?? []).entries())
    checkNumbers(`specCharacteristic.${index}`, characteristic);
  requireDefinitions(toChanges<SpecificationRow>(input).specCharacteristic);
}

/** The ends of a range may be negative, but no finer and no larger than amounts are. */
function checkNumbers(
  path: string,
  { characteristicValueSpecification, charSpecRelationship }: CharacteristicInput,
): void {
  for (const [at, { valueFrom, valueTo }] of (characteristicValueSpecification ?? []).entries()) {
    for (const [name, end] of Object.entries({ valueFrom, valueTo })) {
      if (isGiven(end)) requireOpeningAmount(end.abs(), `${path}.characteristicValueSpecification.${at}.${name}`);
    }
  }
  for (const [at, { validFor }] of (charSpecRelationship ?? []).entries())
    requireValidity(validFor, `${path}.charSpecRelationship.${at}.validFor`);
}
