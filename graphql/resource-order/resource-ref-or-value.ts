import { ID, InputType, ObjectType } from 'type-graphql';
import { Attribute, ValueObject } from '../attribute.js';
import { DateTime } from '../scalars.js';
import { AttachmentRefOrValue } from '../shared/attachment.js';
import { Characteristic } from '../shared/characteristic.js';
import { ExtensibleValue } from '../shared/extensible.js';
import { Note } from '../shared/note.js';
import { ReferenceParts, RelatedParty } from '../shared/references.js';
import { ConstraintRef } from '../shared/specification.js';
import { TimePeriod } from '../shared/time-period.js';
import { ResourceSpecificationRef } from './references.js';
import {
  ResourceAdministrativeStateType,
  ResourceOperationalStateType,
  ResourceStatusType,
  ResourceUsageStateType,
} from './enums.js';

@ValueObject('How one feature relates to another.')
export class FeatureRelationship {
  @Attribute(() => ID, { field: 'refId', description: 'Id of the other feature.' })
  id?: string;

  @Attribute(() => String, { required: true, description: 'Name of the other feature.' })
  name: string;

  @Attribute(() => String, { required: true, description: 'Kind of the relationship, e.g. includes, excludes.' })
  relationshipType: string;

  @Attribute(() => TimePeriod, { description: 'When the relationship is valid.' })
  validFor?: TimePeriod;
}

@ValueObject('A feature of a resource, to be switched on or off.')
export class Feature {
  @Attribute(() => ID, { field: 'itemId', description: 'Id of the feature.' })
  id?: string;

  @Attribute(() => Boolean, { description: 'Whether it groups other features.' })
  isBundle?: boolean;

  @Attribute(() => Boolean, { description: 'Whether it is on.' })
  isEnabled?: boolean;

  @Attribute(() => String, { required: true, description: 'Name of the feature.' })
  name: string;

  @Attribute(() => [ConstraintRef], { description: 'What constrains it.' })
  constraint?: ConstraintRef[];

  @Attribute(() => [Characteristic], { required: true, description: 'Its characteristics.' })
  featureCharacteristic: Characteristic[];

  @Attribute(() => [FeatureRelationship], { description: 'How it relates to other features.' })
  featureRelationship?: FeatureRelationship[];
}

@ValueObject('A place that has to do with a resource, such as where it is installed.')
export class RelatedPlaceRefOrValue extends ReferenceParts {
  @Attribute(() => ID, { field: 'refId', description: 'Id of the place.' })
  id?: string;

  @Attribute(() => String, { required: true, description: 'What the place is to the resource.' })
  role: string;
}

/** What a resource consists of, but for other resources. */
@ObjectType()
@InputType()
abstract class ResourceParts extends ReferenceParts {
  @Attribute(() => ID, { field: 'refId', description: 'Id of the resource, when it is there already.' })
  id?: string;

  @Attribute(() => String, { description: 'Category of the resource, e.g. Premium.' })
  category?: string;

  @Attribute(() => String, { description: 'Description for people.' })
  description?: string;

  @Attribute(() => DateTime, { description: 'When it stops to operate.' })
  endOperatingDate?: Date;

  @Attribute(() => String, { description: 'Version of the resource.' })
  resourceVersion?: string;

  @Attribute(() => DateTime, { description: 'When it begins to operate.' })
  startOperatingDate?: Date;

  @Attribute(() => [Feature], { description: 'Features to switch on or off.' })
  activationFeature?: Feature[];

  @Attribute(() => ResourceAdministrativeStateType, { description: 'locked, unlocked or shutdown.' })
  administrativeState?: string;

  @Attribute(() => [AttachmentRefOrValue], { description: 'Documents, pictures and the like.' })
  attachment?: AttachmentRefOrValue[];

  @Attribute(() => [Note], { description: 'What was written down about it.' })
  note?: Note[];

  @Attribute(() => ResourceOperationalStateType, { description: 'enable or disable.' })
  operationalState?: string;

  @Attribute(() => RelatedPlaceRefOrValue, { description: 'Where it is.' })
  place?: RelatedPlaceRefOrValue;

  @Attribute(() => [RelatedParty], { description: 'Parties that have to do with it.' })
  relatedParty?: RelatedParty[];

  @Attribute(() => [Characteristic], { description: 'Its characteristics.' })
  resourceCharacteristic?: Characteristic[];

  @Attribute(() => ResourceSpecificationRef, { description: 'What specifies it.' })
  resourceSpecification?: ResourceSpecificationRef;

  @Attribute(() => ResourceStatusType, { description: 'standby, alarm, available, reserved, unknown or suspended.' })
  resourceStatus?: string;

  @Attribute(() => ResourceUsageStateType, { description: 'idle, active or busy.' })
  usageState?: string;
}

// TMF652 lets resources nest without end; two levels are kept (docs/standard/resource-order.md).
@ValueObject(
  'A resource that another one is related to. Its own relationships are not kept: orders nest resources two levels deep.',
)
export class NestedResourceRefOrValue extends ResourceParts {}

@ValueObject('How one resource relates to another.')
export class ResourceRelationship extends ExtensibleValue {
  @Attribute(() => ID, { field: 'itemId', description: 'Id of the relationship.' })
  id?: string;

  @Attribute(() => String, { description: 'Address of the relationship.' })
  href?: string;

  @Attribute(() => String, { required: true, description: 'Kind of the relationship, e.g. reliesOn, contains.' })
  relationshipType: string;

  @Attribute(() => NestedResourceRefOrValue, {
    description: 'The other resource; the edition of December 2019 names it by id and href of the relationship.',
  })
  resource?: NestedResourceRefOrValue;

  @Attribute(() => [Characteristic], {
    description: 'Characteristics of the relationship. TMF652, edition of December 2019.',
  })
  resourceRelationshipCharacteristic?: Characteristic[];
}

@ValueObject('A resource: by reference when it is there already, or described when it is yet to come.')
export class ResourceRefOrValue extends ResourceParts {
  @Attribute(() => [ResourceRelationship], { description: 'How it relates to other resources.' })
  resourceRelationship?: ResourceRelationship[];
}
