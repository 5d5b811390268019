import { ID, InputType, ObjectType } from 'type-graphql';
import { Attribute, ValueObject } from '../attribute.js';
import { AnyJson } from '../scalars.js';
import { ExtensibleValue } from './extensible.js';

@ValueObject('How one characteristic relates to another.')
export class CharacteristicRelationship extends ExtensibleValue {
  @Attribute(() => ID, { field: 'refId', description: 'Id of the other characteristic.' })
  id?: string;

  @Attribute(() => String, { description: 'Address of the other characteristic.' })
  href?: string;

  @Attribute(() => String, { description: 'Kind of the relationship.' })
  relationshipType?: string;
}

/** What TMF's Characteristic consists of; each API calls it by a name of its own. */
@ObjectType()
@InputType()
export abstract class CharacteristicParts extends ExtensibleValue {
  @Attribute(() => ID, { field: 'itemId', description: 'Id of the characteristic.' })
  id?: string;

  @Attribute(() => String, { required: true, description: 'Name of the characteristic, e.g. duration.' })
  name: string;

  @Attribute(() => AnyJson, {
    required: true,
    description: 'Its value, kept as it is given. An empty text counts as no value.',
  })
  value: unknown;

  @Attribute(() => String, { description: 'Type of the value as the sender sees it, e.g. integer.' })
  valueType?: string;

  @Attribute(() => [CharacteristicRelationship], { description: 'How it relates to other characteristics.' })
  characteristicRelationship?: CharacteristicRelationship[];
}

@ValueObject('Something more that is known, by name and value.')
export class Characteristic extends CharacteristicParts {}
