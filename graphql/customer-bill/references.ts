import { Attribute, ValueObject } from '../attribute.js';
import { ExtensibleValue } from '../shared/extensible.js';
import { Money } from '../shared/money.js';
import { Reference } from '../shared/references.js';
import { TimePeriod } from '../shared/time-period.js';

@ValueObject('An account that bills are made out to.')
export class BillingAccountRef extends Reference {}

@ValueObject('A balance of an account.')
export class AccountBalance extends ExtensibleValue {
  @Attribute(() => String, {
    required: true,
    description: 'Kind of the balance, e.g. deposit balance, receivable balance.',
  })
  balanceType: string;

  @Attribute(() => Money, { required: true, description: 'How much it is.' })
  amount: Money;

  @Attribute(() => TimePeriod, { required: true, description: 'When it is that.' })
  validFor: TimePeriod;
}

@ValueObject('An account of money owed.')
export class FinancialAccountRef extends Reference {
  @Attribute(() => [AccountBalance], { description: 'Balances of the account, kept as they come.' })
  accountBalance?: AccountBalance[];
}

@ValueObject('A billing cycle. It may be one of ours.')
export class BillCycleRef extends Reference {}

@ValueObject('A specification of billing cycles. It may be one of ours.')
export class BillCycleSpecificationRef extends Reference {}

@ValueObject('A bill of ours.')
export class CustomerBillRef extends Reference {
  @Attribute(() => String, { resolved: true, description: 'Address of the bill; set by the server.' })
  override href?: string;
}
