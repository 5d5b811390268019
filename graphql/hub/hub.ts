import { Arg, Ctx, ID, Int, Mutation, Resolver } from 'type-graphql';
import type { HubInput } from '../../src/domain/hub/hubs.js';
import { Attribute, Resource } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { ownResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { HubApi } from './enums.js';
import { HubDelivery } from './hub-delivery.js';

@Resource({
  table: 'Hub',
  isLive: true,
  description:
    'TMF630 Part 4: a callback that is told of events, at least once, those of a resource in the order of its changes. It belongs to the principal that registered it, and is told what that may read.',
})
export class Hub {
  @Attribute(() => ID, { required: true, description: 'Id, a ULID given by the server.' })
  id: string;

  @Attribute(() => Int, {
    required: true,
    description: 'Version, counted up when the secret changes: nothing else of a registration does.',
  })
  revision: number;

  @Attribute(() => HubApi, {
    create: 'optional',
    description: 'The API whose events are meant: in TMF REST that of the hub. Absent: those of all, and of ours.',
  })
  api?: string;

  @Attribute(() => String, {
    required: true,
    create: 'required',
    description: 'URL that each event is sent to by POST; http or https, at most 2,000 characters.',
  })
  callback: string;

  @Attribute(() => String, {
    create: 'optional',
    description:
      'Which events, as a query string of filters on the event, e.g. `eventType=BucketCreateEvent&event.bucket.usageType=monetary`, and in `fields` what of the resources in them, e.g. `fields=event.bucket.status`. Absent: all.',
  })
  query?: string;

  @Attribute(() => String, {
    create: 'optional',
    toldOnce: true,
    description:
      'What deliveries are signed with, 16 to 200 characters; the server makes one where none is given. Told once, in the answer to the registration or to `rotateHubSecret`; null ever after.',
  })
  secret?: string;

  @Attribute(() => String, { required: true, description: 'Id of the principal that registered it.' })
  principalId: string;

  @Attribute(() => HubDelivery, {
    computed: true,
    description: 'Our own: how it is told, now. Reads have it, the answer to the registration does not.',
  })
  delivery?: HubDelivery;

  @Attribute(() => DateTime, { required: true, description: 'When it was registered.' })
  createdAt: Date;

  @Attribute(() => DateTime, { required: true, description: 'When it was last changed.' })
  updatedAt: Date;
}

@Resolver()
class ReplayHub {
  @Mutation(() => Hub, {
    nullable: true,
    description:
      'Has a registration told again, with the same ids, what was written after an event or since an instant, and what comes behind it. One that has not come that far is told what it has not been told anyway. Errors: NOT_FOUND, INVALID_ATTRIBUTE, EVENTS_GONE.',
  })
  replayHub(
    @Arg('id', () => ID, { description: texts.id('Hub') }) id: string,
    @Arg('afterEventId', () => ID, { nullable: true, description: 'The id of an event: what comes behind it.' })
    afterEventId: string | null,
    @Arg('since', () => DateTime, {
      nullable: true,
      description: 'An instant, not in the future: what was written since then.',
    })
    since: Date | null,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    const replay = { id, afterEventId: afterEventId ?? undefined, since: since ?? undefined };
    return relayAnswer(context, context.hub.hubs.replay(writeContext(context, key), replay));
  }
}

@Resolver()
class RotateHubSecret {
  @Mutation(() => Hub, {
    nullable: true,
    description:
      'Gives a registration another secret, which the answer tells. For 24 hours deliveries are signed with the one before, too. Errors: NOT_FOUND, INVALID_ATTRIBUTE, REVISION_MISMATCH.',
  })
  rotateHubSecret(
    @Arg('id', () => ID, { description: texts.id('Hub') }) id: string,
    @Arg('secret', () => String, {
      nullable: true,
      description: 'The new one, 16 to 200 characters; the server makes one where none is given.',
    })
    secret: string | null,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    return relayAnswer(context, context.hub.hubs.rotateSecret(writeContext(context, key), { id, ifRevision }, secret));
  }
}

export const hub: ResourceModule = {
  resolvers: [
    ReplayHub,
    RotateHubSecret,
    ...ownResolvers(Hub, {
      create: {
        description:
          'Registers a callback. Errors: INVALID_ATTRIBUTE, INVALID_QUERY, CONFLICT (the principal has registered it with this query, or there are too many).',
        call: (context, write, input: HubInput) =>
          context.hub.hubs.register(write, input, { principal: context.principal, origin: context.origin }),
      },
      delete: {
        description:
          'Ends a registration: nothing is sent to it any more, and its dead letters are gone. Errors: NOT_FOUND, REVISION_MISMATCH.',
        call: (context, write, id, ifRevision) => context.hub.hubs.delete(write, id, ifRevision),
      },
    }),
  ],
};
