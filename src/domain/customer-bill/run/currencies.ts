/** Digits behind the point of most currencies, and of units that are no currency. */
const minorDigitsDefault = 2;

/**
 * The minor units of ISO 4217 that are other than that. Not taken from Intl, which has the digits that prices are mostly
 * shown with: none for HUF or IDR, and others in other versions of its data.
 */
const minorDigits = new Map(
  Object.entries({
    0: [
      'BIF',
      'CLP',
      'DJF',
      'GNF',
      'ISK',
      'JPY',
      'KMF',
      'KRW',
      'PYG',
      'RWF',
      'UGX',
      'UYI',
      'VND',
      'VUV',
      'XAF',
      'XOF',
      'XPF',
    ],
    3: ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'],
    4: ['CLF', 'UYW'],
  }).flatMap(([digits, currencies]) => currencies.map((currency) => [currency, Number(digits)] as const)),
);

/** How finely a currency is paid: EUR to 2 digits, JPY to none (ISO 4217). */
export function minorDigitsOf(currency: string): number {
  return minorDigits.get(currency) ?? minorDigitsDefault;
}

const currencies = new Set([...Intl.supportedValuesOf('currency'), ...minorDigits.keys()]);

/** Whether units are those of a currency that there is: EUR, but not SMS. */
export function isCurrency(units: string): boolean {
  return currencies.has(units);
}
