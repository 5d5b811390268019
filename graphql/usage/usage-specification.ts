import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { AttachmentRefOrValue } from '../shared/attachment.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { RelatedParty } from '../shared/references.js';
import {
  CharacteristicSpecification,
  ConstraintRef,
  EntitySpecificationRelationship,
  TargetEntitySchema,
} from '../shared/specification.js';
import { TimePeriod } from '../shared/time-period.js';
import { UsageSpecificationRef } from './references.js';

@Resource({
  table: 'UsageSpecification',
  indexes: { orders: ['name', 'lifecycleStatus', 'lastUpdate'], searches: ['name'] },
  description:
    'TMF635 UsageSpecification: what usages of one kind consist of. Usages that refer to it are checked by its characteristics.',
})
export class UsageSpecification extends ExtensibleResource {
  @Attribute(() => String, {
    required: true,
    create: 'required',
    update: true,
    description: 'Name of the specification; several may have the same.',
  })
  name: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Description for people.' })
  description?: string;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'Version of what is specified, as its makers count it.',
  })
  version?: string;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'Where it is in its life, e.g. inDesign, active, retired.',
  })
  lifecycleStatus?: string;

  @Attribute(() => Boolean, {
    required: true,
    create: 'optional',
    update: true,
    description: 'Whether it bundles other specifications; false when not given.',
  })
  isBundle: boolean;

  @Attribute(() => DateTime, {
    required: true,
    update: true,
    description: 'When it was last changed; set by the server unless an update says it.',
  })
  lastUpdate: Date;

  @Attribute(() => TimePeriod, { create: 'optional', update: true, description: 'When it is valid.' })
  validFor?: TimePeriod;

  @Attribute(() => [CharacteristicSpecification], {
    create: 'optional',
    update: true,
    description: 'The characteristics of its usages, each under another name.',
  })
  specCharacteristic?: CharacteristicSpecification[];

  @Attribute(() => [RelatedParty], {
    create: 'optional',
    update: true,
    description: 'Parties that manage it or have an interest in it.',
  })
  relatedParty?: RelatedParty[];

  @Attribute(() => [EntitySpecificationRelationship], {
    create: 'optional',
    update: true,
    description: 'How it relates to other specifications.',
  })
  entitySpecRelationship?: EntitySpecificationRelationship[];

  @Attribute(() => [ConstraintRef], {
    create: 'optional',
    update: true,
    description: 'Constraints that are applied to it; told, not enforced.',
  })
  constraint?: ConstraintRef[];

  @Attribute(() => [AttachmentRefOrValue], {
    create: 'optional',
    update: true,
    description: 'Documents and pictures about it.',
  })
  attachment?: AttachmentRefOrValue[];

  @Attribute(() => TargetEntitySchema, { create: 'optional', update: true, description: 'The schema of its usages.' })
  targetEntitySchema?: TargetEntitySchema;
}

export const usageSpecification: ResourceModule = {
  resolvers: resourceResolvers(UsageSpecification, {
    create: {
      description:
        'Makes a specification whose characteristics make sense. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE.',
      call: ({ usage: domain }, write, input) => domain.specifications.create(write, input),
    },
    createMany: {
      description: 'Makes several specifications in one transaction.',
      call: ({ usage: domain }, write, inputs) => domain.specifications.createMany(write, inputs),
    },
    update: {
      description:
        'Changes a specification; usages that were taken before stay as they are. Errors: NOT_FOUND, INVALID_ATTRIBUTE, REVISION_MISMATCH.',
      call: ({ usage: domain }, write, change) => domain.specifications.update(write, change),
    },
    delete: {
      description: 'Deletes a specification; usages keep their reference to it. Errors: NOT_FOUND.',
      call: ({ usage: domain }, write, id, ifRevision) => domain.specifications.delete(write, id, ifRevision),
    },
  }),
  joins: [{ reference: UsageSpecificationRef, target: UsageSpecification }],
};
