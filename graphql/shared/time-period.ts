import { Attribute, ColumnPair, ValueObject } from '../attribute.js';
import { DateTime } from '../scalars.js';

@ValueObject('A period of time (TMF TimePeriod): the start belongs to it, the end does not; either may be open.')
@ColumnPair({ startDateTime: 'Start', endDateTime: 'End' })
export class TimePeriod {
  @Attribute(() => DateTime, { description: 'First instant of the period.' })
  startDateTime?: Date;

  @Attribute(() => DateTime, { description: 'First instant after the period.' })
  endDateTime?: Date;
}
