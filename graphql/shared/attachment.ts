import { ID } from 'type-graphql';
import { Attribute, ValueObject } from '../attribute.js';
import { Quantity } from './quantity.js';
import { ReferenceParts } from './references.js';
import { TimePeriod } from './time-period.js';

@ValueObject('A document, picture or the like: the thing itself in content or at url, or a reference to it.')
export class AttachmentRefOrValue extends ReferenceParts {
  @Attribute(() => ID, { field: 'itemId', description: 'Id of the attachment.' })
  id?: string;

  @Attribute(() => String, { description: 'What it is, e.g. video, picture.' })
  attachmentType?: string;

  @Attribute(() => String, { description: 'The bytes themselves, in base64.' })
  content?: string;

  @Attribute(() => String, { description: 'Description for people.' })
  description?: string;

  @Attribute(() => Boolean, {
    description: 'Whether it is a reference to an attachment that is kept elsewhere. TMF652, edition of December 2019.',
  })
  isRef?: boolean;

  @Attribute(() => String, { description: 'Media type, such as application/pdf.' })
  mimeType?: string;

  @Attribute(() => String, { description: 'Where the bytes are.' })
  url?: string;

  @Attribute(() => Quantity, { description: 'Size of the attachment.' })
  size?: Quantity;

  @Attribute(() => TimePeriod, { description: 'When the attachment is valid.' })
  validFor?: TimePeriod;
}
