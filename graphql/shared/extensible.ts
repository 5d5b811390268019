import { InputType, ObjectType } from 'type-graphql';
import { Attribute } from '../attribute.js';
import { JSONObject } from '../scalars.js';

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

  @Attribute(() => String, { create: 'optional', update: true, description: 'TMF @baseType: the class that @type extends.' })
  atBaseType?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'TMF @schemaLocation: address of the schema of an extension.' })
  atSchemaLocation?: string;
}

/** A resource: what it has beyond its own class is kept as an extension. */
@ObjectType()
export abstract class ExtensibleResource extends Extensible {
  @Attribute(() => JSONObject, {
    create: 'optional',
    update: true,
    description:
      'Attributes of an extension that @schemaLocation or a subclass @type announces, kept as they came; in REST they stand beside the others. Checked by the schema when it is in the configured folder.',
  })
  extension?: object;
}
