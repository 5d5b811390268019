import { ID } from 'type-graphql';
import { Attribute, ValueObject } from '../attribute.js';
import { DateTime } from '../scalars.js';
import { ExtensibleValue } from './extensible.js';

@ValueObject('Something that somebody wrote down about the entity.')
export class Note extends ExtensibleValue {
  @Attribute(() => ID, {
    field: 'itemId',
    description: 'Id of the note within its entity; given by the server when it is left out.',
  })
  id?: string;

  @Attribute(() => String, { description: 'Address of the note.' })
  href?: string;

  @Attribute(() => String, { description: 'Who wrote it.' })
  author?: string;

  @Attribute(() => DateTime, { description: 'When it was written.' })
  date?: Date;

  @Attribute(() => String, { required: true, description: 'What was written.' })
  text: string;
}
