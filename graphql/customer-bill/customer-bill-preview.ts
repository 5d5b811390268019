import { Field, ObjectType } from 'type-graphql';
import { attributesOf } from '../attribute.js';
import { CustomerBill } from './customer-bill.js';

/** What of a bill is known before it is made. */
const foreseen = [
  'state',
  'holdReason',
  'billDate',
  'category',
  'runType',
  'nextBillDate',
  'paymentDueDate',
  'billingPeriod',
  'taxExcludedAmount',
  'taxIncludedAmount',
  'taxItem',
  'amountDue',
  'billCycle',
  'billingAccount',
  'relatedParty',
];

/** Its fields are those of a bill, without any that would make it one. */
@ObjectType({
  description:
    'What a customerBill would be if it was made: a value without identity, which nothing can be asked for by. The attributes are those of CustomerBill.',
  simpleResolvers: true,
})
export class CustomerBillPreview {}

const attributes = attributesOf(CustomerBill);
for (const name of foreseen) {
  const { type, required, description } = attributes.get(name) ?? {};
  if (!type || description === undefined) throw new Error(`a bill has no ${name}`);
  Field(type, { nullable: !required, description })(CustomerBillPreview.prototype, name);
}
