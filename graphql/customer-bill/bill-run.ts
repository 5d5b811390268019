import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Resolver } from 'type-graphql';
import { Attribute, Resource, ValueObject } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { pageArgumentsOf, pageOf } from '../page.js';
import { byPlan, Read } from '../plan/field-read.js';
import { resourceResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { CustomerBill } from './customer-bill.js';
import { CustomerBillPreview } from './customer-bill-preview.js';
import { BillCycleRef } from './references.js';
import { BillRunStateType } from './enums.js';

@ValueObject('An account that a run could not bill.')
export class BillRunFailure {
  @Attribute(() => String, { required: true, description: 'Id of the account; what it has unbilled stays so.' })
  account: string;

  @Attribute(() => String, { required: true, description: 'Why.' })
  message: string;
}

@Resource({
  table: 'BillRun',
  indexes: { orders: ['state', 'startedAt'], references: ['billCycle'] },
  description:
    'Our extension: the run of a bill cycle. Every account with rates or rated usages from before the end of the period that no bill has gets one bill for each currency, in the background; running again bills what has come since, and nothing twice.',
})
export class BillRun extends ExtensibleResource {
  @Attribute(() => BillCycleRef, {
    required: true,
    create: 'required',
    description: 'The cycle that is run; one of ours.',
  })
  billCycle: BillCycleRef;

  @Attribute(() => Boolean, {
    required: true,
    create: 'optional',
    description:
      'Whether it is a trial: the bills can be looked at (in GraphQL, as customerBillPreviews), and nothing else is written. false when not given.',
  })
  dryRun: boolean;

  @Attribute(() => BillRunStateType, { required: true, create: 'optional', description: 'inProgress, done or failed.' })
  state: string;

  @Attribute(() => Int, { required: true, description: 'Accounts that were gone through so far.' })
  accounts: number;

  @Attribute(() => Int, { required: true, description: 'Bills that were made so far.' })
  bills: number;

  @Attribute(() => Int, {
    required: true,
    description: 'Of these, bills that were put onHold, with a holdReason.',
  })
  held: number;

  @Attribute(() => Int, { required: true, description: 'Accounts that could not be billed.' })
  failed: number;

  @Attribute(() => [BillRunFailure], { description: 'The first of them, and why.' })
  failure?: BillRunFailure[];

  @Attribute(() => String, { description: 'Accounts up to this id are done.' })
  lastAccount?: string;

  @Attribute(() => String, { description: 'Why the run failed, or that it could not bill some accounts.' })
  message?: string;

  @Attribute(() => DateTime, { required: true, description: 'When it began.' })
  startedAt: Date;

  @Attribute(() => DateTime, { description: 'When it ended.' })
  endedAt?: Date;
}

const billPage = pageOf(CustomerBill);
const previewPage = pageOf(CustomerBillPreview);
const billArguments = pageArgumentsOf(CustomerBill);

@Resolver(() => BillRun)
class BillRunBills {
  @Read({ kind: 'page', target: CustomerBill, edge: { parent: 'billRunId' } })
  @FieldResolver(() => billPage, { description: 'The bills it made; of a dry run there are none.' })
  customerBills(@Args(() => billArguments) _request: object): object {
    return byPlan();
  }

  @Read({ kind: 'page', target: CustomerBill, edge: { parent: 'billRunId' }, asOfFunction: 'billPreviewsAt' })
  @FieldResolver(() => previewPage, {
    description:
      'Of a dry run the bills that it would have made, found and ordered as bills are; they are kept for a day. Of other runs there are none.',
  })
  customerBillPreviews(@Args(() => billArguments) _request: object): object {
    return byPlan();
  }

  @Mutation(() => BillRun, {
    nullable: true,
    description:
      'Runs a bill cycle, or, with dryRun, shows what that would give. Answers at once; the run goes on in the background. Errors: NOT_FOUND, CONFLICT.',
  })
  runBillCycle(
    @Arg('id', () => ID, { description: 'Of the bill cycle.' }) id: string,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: 'Only try it.' }) dryRun: boolean,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    return relayAnswer(
      context,
      context.customerBill.runs.create(writeContext(context, key), { billCycle: { id }, dryRun }),
    );
  }
}

export const billRun: ResourceModule = {
  resolvers: [
    BillRunBills,
    ...resourceResolvers(BillRun, {
      create: {
        description: 'Runs a bill cycle; the same as runBillCycle. Errors: NOT_FOUND, CONFLICT.',
        call: ({ customerBill: domain }, write, input) => domain.runs.create(write, input),
      },
    }),
  ],
};
