import type { Decimal as DecimalValue } from '../../src/platform/decimal.js';
import { Attribute, ColumnPair, ValueObject } from '../attribute.js';
import { Decimal } from '../scalars.js';

@ValueObject('An amount with its units (TMF Quantity): money as currency code, or a volume, a duration, a count.')
@ColumnPair({ amount: 'Amount', units: 'Units' })
export class Quantity {
  @Attribute(() => Decimal, { required: true, description: 'The number, exact.' })
  amount: DecimalValue;

  @Attribute(() => String, { required: true, description: 'What is counted, e.g. EUR, MB, s, SMS.' })
  units: string;
}
