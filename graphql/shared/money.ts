import type { Decimal as DecimalValue } from '../../src/platform/decimal.js';
import { Attribute, ColumnPair, ValueObject } from '../attribute.js';
import { Decimal } from '../scalars.js';

@ValueObject('An amount of money (TMF Money).')
@ColumnPair({ value: 'Value', unit: 'Unit' })
export class Money {
  @Attribute(() => Decimal, { required: true, description: 'The number, exact.' })
  value: DecimalValue;

  @Attribute(() => String, { required: true, description: 'Currency as ISO 4217 has it, e.g. EUR.' })
  unit: string;
}
