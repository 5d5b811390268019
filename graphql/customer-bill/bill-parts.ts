import { InputType, ObjectType } from 'type-graphql';
import type { Decimal as DecimalValue } from '../../src/platform/decimal.js';
import { Attribute, ValueObject } from '../attribute.js';
import { Decimal } from '../scalars.js';
import { ExtensibleValue } from '../shared/extensible.js';
import { Money } from '../shared/money.js';
import { PaymentRef } from '../shared/references.js';

/** What the taxes of a bill and of a rate have in common. */
@ObjectType()
@InputType()
abstract class TaxParts extends ExtensibleValue {
  @Attribute(() => String, { description: 'Kind of the tax, e.g. VAT.' })
  taxCategory?: string;

  @Attribute(() => Decimal, { description: 'Rate in percent: 20 is 20 %.' })
  taxRate?: DecimalValue;
}

@ValueObject('A tax of a bill, one for each kind and rate.')
export class TaxItem extends TaxParts {
  @Attribute(() => Money, { required: true, description: 'How much of it is due.' })
  taxAmount: Money;
}

@ValueObject('A tax of a billing rate.')
export class AppliedBillingTaxRate extends TaxParts {
  @Attribute(() => Money, { description: 'How much of it is due.' })
  taxAmount?: Money;
}

@ValueObject(
  'A payment of a bill, or the part of a payment that goes to this bill; or, with a negative amount, what was taken back of one.',
)
export class AppliedPayment extends ExtensibleValue {
  @Attribute(() => PaymentRef, { required: true, description: 'The payment.' })
  payment: PaymentRef;

  @Attribute(() => Money, {
    required: true,
    description: 'How much of it goes to this bill, in the currency of the bill; negative for a reversal.',
  })
  appliedAmount: Money;

  @Attribute(() => String, {
    description: 'Our extension: identifies a reversal within its bill. Default: the id of its payment.',
  })
  reversalId?: string;
}
