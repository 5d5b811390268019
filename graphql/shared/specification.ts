import { ID, Int } from 'type-graphql';
import type { Decimal as DecimalValue } from '../../src/platform/decimal.js';
import { Attribute, ValueObject } from '../attribute.js';
import { AnyJson, Decimal } from '../scalars.js';
import { ExtensibleValue } from './extensible.js';
import { Reference, ReferenceParts } from './references.js';
import { TimePeriod } from './time-period.js';

// What TMF's entity specifications are made of.

@ValueObject('A constraint that is applied to a specification.')
export class ConstraintRef extends Reference {
  @Attribute(() => String, { description: 'Version of the constraint.' })
  version?: string;
}

@ValueObject('A specification of an association.')
export class AssociationSpecificationRef extends Reference {}

@ValueObject('How one specification relates to another.')
export class EntitySpecificationRelationship extends ReferenceParts {
  @Attribute(() => ID, { field: 'refId', description: 'Id of the other specification.' })
  id?: string;

  @Attribute(() => String, {
    required: true,
    description: 'Kind of the relationship, e.g. migration, substitution, dependency, exclusivity.',
  })
  relationshipType: string;

  @Attribute(() => String, { description: 'Role of the other specification.' })
  role?: string;

  @Attribute(() => AssociationSpecificationRef, { description: 'Specification of the association between them.' })
  associationSpec?: AssociationSpecificationRef;

  @Attribute(() => TimePeriod, { description: 'When the relationship is valid.' })
  validFor?: TimePeriod;
}

@ValueObject('The schema of what is specified.')
export class TargetEntitySchema {
  @Attribute(() => String, { required: true, description: 'TMF @schemaLocation: address of the schema.' })
  atSchemaLocation: string;

  @Attribute(() => String, { required: true, description: 'TMF @type: class of what is specified.' })
  atType: string;
}

@ValueObject('How one characteristic specification relates to another.')
export class CharacteristicSpecificationRelationship extends ExtensibleValue {
  @Attribute(() => ID, { field: 'itemId', description: 'Id of the relationship.' })
  id?: string;

  @Attribute(() => String, { description: 'Address of the relationship.' })
  href?: string;

  @Attribute(() => String, { description: 'Id of the other characteristic within its specification.' })
  characteristicSpecificationId?: string;

  @Attribute(() => String, { description: 'Name of the other characteristic.' })
  name?: string;

  @Attribute(() => String, { description: 'Address of the specification that the other characteristic belongs to.' })
  parentSpecificationHref?: string;

  @Attribute(() => String, { description: 'Id of the specification that the other characteristic belongs to.' })
  parentSpecificationId?: string;

  @Attribute(() => String, {
    description: 'Kind of the relationship, e.g. aggregation, migration, substitution, dependency, exclusivity.',
  })
  relationshipType?: string;

  @Attribute(() => TimePeriod, { description: 'When the relationship is valid.' })
  validFor?: TimePeriod;
}

@ValueObject(
  'What a value may be: this one, or one of a range, or one that a regular expression finds. A value must fit one of the entries wholly.',
)
export class CharacteristicValueSpecification extends ExtensibleValue {
  @Attribute(() => AnyJson, { description: 'An allowed value. An empty text counts as none.' })
  value?: unknown;

  @Attribute(() => Boolean, { description: 'Whether it is the default; told, never filled in.' })
  isDefault?: boolean;

  @Attribute(() => String, { description: 'Type of the value, where it differs from that of the characteristic.' })
  valueType?: string;

  @Attribute(() => Decimal, { description: 'Start of the range of a number.' })
  valueFrom?: DecimalValue;

  @Attribute(() => Decimal, { description: 'End of the range of a number.' })
  valueTo?: DecimalValue;

  @Attribute(() => String, {
    description:
      'Which ends belong to the range: closed (both, when absent), open (neither), closedBottom (only valueFrom), closedTop (only valueTo).',
  })
  rangeInterval?: string;

  @Attribute(() => String, {
    description: 'A regular expression that is found in the value; ^ and $ tie it to the whole.',
  })
  regex?: string;

  @Attribute(() => String, { description: 'Unit of the value, e.g. s, MB.' })
  unitOfMeasure?: string;

  @Attribute(() => TimePeriod, { description: 'When the entry counts.' })
  validFor?: TimePeriod;
}

@ValueObject('What a characteristic may be: how often it is there, its type and its values.')
export class CharacteristicSpecification extends ExtensibleValue {
  @Attribute(() => ID, { field: 'itemId', description: 'Id of the characteristic specification.' })
  id?: string;

  @Attribute(() => String, { required: true, description: 'Name of the characteristic, e.g. duration.' })
  name: string;

  @Attribute(() => String, { description: 'Description for people.' })
  description?: string;

  @Attribute(() => String, { description: 'string, integer, number, boolean, dateTime, object or array; absent: any.' })
  valueType?: string;

  @Attribute(() => Int, { description: 'How often the characteristic must at least be there; 1 makes it mandatory.' })
  minCardinality?: number;

  @Attribute(() => Int, {
    description: 'How often the characteristic may at most be there; absent: as often as one likes.',
  })
  maxCardinality?: number;

  @Attribute(() => String, {
    description: 'A regular expression that is found in every value; ^ and $ tie it to the whole.',
  })
  regex?: string;

  @Attribute(() => [CharacteristicValueSpecification], {
    description: 'What values may be; absent: anything of the type.',
  })
  characteristicValueSpecification?: CharacteristicValueSpecification[];

  @Attribute(() => Boolean, { description: 'Whether other values than those listed are welcome, too.' })
  extensible?: boolean;

  @Attribute(() => Boolean, { description: 'Whether the characteristic can be configured; told only.' })
  configurable?: boolean;

  @Attribute(() => Boolean, { description: 'Whether values are to be unique; told only, not enforced.' })
  isUnique?: boolean;

  @Attribute(() => [CharacteristicSpecificationRelationship], {
    description: 'How it relates to other characteristics.',
  })
  charSpecRelationship?: CharacteristicSpecificationRelationship[];

  @Attribute(() => TimePeriod, { description: 'When the characteristic is specified so.' })
  validFor?: TimePeriod;

  @Attribute(() => String, { description: 'TMF @valueSchemaLocation: address of the schema of the value.' })
  atValueSchemaLocation?: string;
}
