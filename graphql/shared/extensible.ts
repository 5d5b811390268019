import { ID, InputType, Int, ObjectType } from 'type-graphql';
import { Attribute } from '../attribute.js';
import { DateTime, JSONObject } from '../scalars.js';

/** The three meta attributes of every extensible TMF class (TMF630 Part 2). */
@ObjectType()
@InputType()
export abstract class Extensible {
  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'TMF @type: the concrete class, when the client gave one; else see __typename.',
  })
  atType?: string;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'TMF @baseType: the class that @type extends.',
  })
  atBaseType?: string;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'TMF @schemaLocation: address of the schema of an extension.',
  })
  atSchemaLocation?: string;
}

/** A part of a resource: what it has beyond its own class, as its own @type or @schemaLocation announces, is kept as an extension of its own. */
@ObjectType()
@InputType()
export abstract class ExtensibleValue extends Extensible {
  @Attribute(() => JSONObject, {
    description:
      'Attributes that its own @schemaLocation or subclass @type announces, kept as they came; in REST they stand beside the others. Checked by the schema when it is in the configured folder.',
  })
  extension?: object;
}

/** A resource that is written: identity and version, and what it has beyond its own class is kept as an extension. */
@ObjectType()
export abstract class ExtensibleResource extends Extensible {
  @Attribute(() => ID, { required: true, description: 'Id, a ULID given by the server.' })
  id: string;

  @Attribute(() => Int, { required: true, description: 'Version, counted up by every change; the REST ETag.' })
  revision: number;

  @Attribute(() => DateTime, { required: true, description: 'When it was last changed; the REST Last-Modified.' })
  updatedAt: Date;

  @Attribute(() => JSONObject, {
    create: 'optional',
    update: true,
    description:
      'Attributes of an extension that @schemaLocation or a subclass @type announces, kept as they came; in REST they stand beside the others. Checked by the schema when it is in the configured folder.',
  })
  extension?: object;
}
