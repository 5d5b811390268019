import { Arg, Ctx, ID, Int, Mutation, Resolver } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { ownResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { PartyErasureState } from './enums.js';

@Resource({
  table: 'PartyErasure',
  indexes: { orders: ['startedAt'] },
  description:
    'Our own: the task of forgetting a party. Its name and contact details go from every resource, event and remembered answer; ids and amounts stay.',
})
export class PartyErasure {
  @Attribute(() => ID, { required: true, description: 'Id, a ULID given by the server.' })
  id: string;

  @Attribute(() => Int, { required: true, description: 'Version, counted up when a place is done.' })
  revision: number;

  @Attribute(() => PartyErasureState, { required: true, description: 'inProgress or done.' })
  state: string;

  @Attribute(() => ID, { required: true, description: 'The party, as relatedParty names it.' })
  partyId: string;

  @Attribute(() => [String], { description: 'Accounts whose names are forgotten as well.' })
  account?: string[];

  @Attribute(() => Int, { required: true, description: 'Rows that were changed so far.' })
  rows: number;

  @Attribute(() => Int, { required: true, description: 'Places that are gone through: tables of the database.' })
  places: number;

  @Attribute(() => Int, { required: true, description: 'Of these, places that are done.' })
  placesDone: number;

  @Attribute(() => String, { description: 'The place that is being gone through.' })
  place?: string;

  @Attribute(() => String, { description: 'Its rows up to this key are done.' })
  lastKey?: string;

  @Attribute(() => DateTime, { required: true, description: 'When it began.' })
  startedAt: Date;

  @Attribute(() => DateTime, { description: 'When it ended.' })
  endedAt?: Date;

  @Attribute(() => DateTime, { required: true, description: 'When it was last changed.' })
  updatedAt: Date;
}

@Resolver()
class ForgetParty {
  @Mutation(() => PartyErasure, {
    nullable: true,
    description:
      'Forgets a party: from every reference to it goes what tells who it is (name, address, extension), from notes it wrote their author, and from texts beside such references its name. Answers at once; the task goes on in the background. What names the party again later is forgotten by asking again. Errors: INVALID_ATTRIBUTE.',
  })
  forgetParty(
    @Arg('id', () => ID, { description: 'Of the party, as relatedParty names it.' }) id: string,
    @Arg('accounts', () => [ID], {
      nullable: true,
      description: 'Ids of accounts that are its own: their names and descriptions go as well. At most 100.',
    })
    accounts: string[] | null,
    @Arg('names', () => [String], {
      nullable: true,
      description:
        'Further names that it goes by, of 3 characters or more: they are looked for everywhere, as authors and within texts. At most 20.',
    })
    names: string[] | null,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    return relayAnswer(
      context,
      context.personalData.erasures.forget(writeContext(context, key), { partyId: id, account: accounts, names }),
    );
  }
}

export const partyErasure: ResourceModule = {
  resolvers: [...ownResolvers(PartyErasure, {}), ForgetParty],
};
