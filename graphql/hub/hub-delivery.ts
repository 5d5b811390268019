import { Int, ObjectType } from 'type-graphql';
import { Attribute } from '../attribute.js';
import { DateTime, Decimal } from '../scalars.js';

@ObjectType({ description: 'Our own: how a registration is told, now.', simpleResolvers: true })
export class HubDelivery {
  @Attribute(() => Decimal, {
    description: 'How many events were taken; one whose answer was lost is told, and counted, again.',
  })
  delivered?: number;

  @Attribute(() => DateTime, { description: 'When the last events were taken; absent: none was yet.' })
  lastDeliveredAt?: Date;

  @Attribute(() => Int, { description: 'How many dead letters it has; 1000 stands for that many or more.' })
  deadLetters?: number;

  @Attribute(() => Int, { description: 'How often in a row telling it has failed; 0: the last time it did not.' })
  failedAttempts?: number;

  @Attribute(() => String, { description: 'Why telling it failed the last time; absent: it did not.' })
  lastError?: string;

  @Attribute(() => DateTime, { description: 'When it is tried again, where it failed.' })
  nextAttemptAt?: Date;

  @Attribute(() => Int, {
    description:
      'Seconds since the oldest event that it is still to be told of; 0: there is none. An event that nobody has looked at yet counts, whether or not it is for this registration.',
  })
  lagSeconds?: number;
}
