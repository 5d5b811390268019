import { Arg, Ctx, ID, Int, Mutation, Resolver } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { ownResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { HubDeadLetterState } from './enums.js';

@Resource({
  table: 'HubDeadLetter',
  indexes: { orders: ['hubId'], values: ['state'] },
  description: 'Our own: an event that could not be delivered to a registration, and is given up.',
})
export class HubDeadLetter {
  @Attribute(() => ID, { required: true, description: 'Id, a ULID given by the server.' })
  id: string;

  @Attribute(() => Int, { required: true, description: 'Version, counted up by every change.' })
  revision: number;

  @Attribute(() => ID, { required: true, description: 'Id of the registration.' })
  hubId: string;

  @Attribute(() => ID, { required: true, description: 'Id of the event.' })
  eventId: string;

  @Attribute(() => String, { required: true, description: 'Name of the event, e.g. BucketCreateEvent.' })
  eventType: string;

  @Attribute(() => ID, { required: true, description: 'Id of the resource that the event is about.' })
  resourceId: string;

  @Attribute(() => HubDeadLetterState, { required: true, description: 'dead or waiting.' })
  state: string;

  @Attribute(() => Int, { required: true, description: 'How often it was tried.' })
  attempts: number;

  @Attribute(() => String, { description: 'Why it failed the last time.' })
  error?: string;

  @Attribute(() => DateTime, { required: true, description: 'When it was given up.' })
  failedAt: Date;

  @Attribute(() => DateTime, { required: true, description: 'When it was last changed.' })
  updatedAt: Date;
}

@Resolver()
class ResendHubDeadLetter {
  @Mutation(() => HubDeadLetter, {
    nullable: true,
    description:
      'Has an event sent once more. It is gone when it was taken, and dead again when not. Errors: NOT_FOUND, REVISION_MISMATCH.',
  })
  resendHubDeadLetter(
    @Arg('id', () => ID, { description: texts.id('HubDeadLetter') }) id: string,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    return relayAnswer(context, context.hub.deadLetters.resend(writeContext(context, key), { id, ifRevision }));
  }
}

export const hubDeadLetter: ResourceModule = { resolvers: [...ownResolvers(HubDeadLetter, {}), ResendHubDeadLetter] };
