import type { Domains } from '../../../domain/domains.js';
import { Decimal } from '../../../platform/decimal.js';
import type { SpecificationRow } from '../../../domain/usage/model.js';
import { anonymous, systemPrincipalId } from '../../../platform/principal.js';
import type { SeedDependencies } from '../../app-context.js';
import { randomSource } from '../random.js';
import { counted, euro, kitKeys, number, taxRate, taxed } from '../seeded.js';
import { jane, john, once } from './kit-data.js';

const seededKey = kitKeys.usage;
const usageCount = 320;
const monthMs = 30 * 24 * 3_600_000;
/** Usages younger than this are not rated yet. */
const unratedMs = 18 * 3_600_000;

const kinds = ['voice', 'data', 'sms'] as const;
type Kind = (typeof kinds)[number];

const specifications = [
  {
    name: 'Voice call',
    specCharacteristic: [
      counted('duration', 's', 'integer'),
      { name: 'destination', ...number },
      { name: 'cell', valueType: 'string' },
    ],
  },
  {
    name: 'Data session',
    specCharacteristic: [
      counted('volume', 'MB', 'number'),
      { name: 'network', valueType: 'string', characteristicValueSpecification: [{ value: '4G' }, { value: '5G' }] },
    ],
  },
  { name: 'SMS', specCharacteristic: [{ name: 'destination', ...number }] },
];

/** Writes a month of two customers' usage, the same in every sandbox except for its dates. An external id keeps each unique. */
export async function seedUsage({ database, logger }: SeedDependencies, { usage }: Domains): Promise<void> {
  await once(database, seededKey, async () => {
    const context = { tenantId: anonymous.tenantId, principalId: systemPrincipalId };
    const made = await usage.specifications.createMany(
      { ...context, idempotencyKey: `${seededKey} specifications` },
      specifications.map((each) => ({ ...each, lifecycleStatus: 'active' })),
    );
    const { items } = made.answer;
    // A start that is continued later still writes the same month.
    const end = new Date(items[0]?.lastUpdate ?? 0);
    await usage.usages.createMany(context, usagesUntil(end, items));
    logger.info('kit usage written');
  });
}

function usagesUntil(end: Date, specified: readonly SpecificationRow[]): object[] {
  const random = randomSource(635);
  const ages = Array.from({ length: usageCount }, () => Math.floor(random() * monthMs)).sort((a, b) => b - a);
  return ages.map((age, index) => {
    const kind = kinds[[0, 1, 1, 1, 2][Math.floor(random() * 5)] as number] as Kind;
    const { id, name } = specified[kinds.indexOf(kind)] ?? {};
    const { characteristics, charge } = measured(kind, random);
    const usageDate = new Date(end.getTime() - age);
    const state =
      age < unratedMs ? (age < unratedMs / 2 ? 'received' : 'guided') : index % 47 === 0 ? 'rejected' : 'rated';
    return {
      usageSpecification: { id, name, atReferredType: 'UsageSpecification' },
      usageDate,
      usageType: kind,
      status: state,
      externalId: `demo-${String(index + 1).padStart(4, '0')}`,
      source: 'demo',
      relatedParty: [random() < 0.7 ? jane : john],
      usageCharacteristic: characteristics,
      ...(state === 'rated' && { ratedProductUsage: [rating(charge, usageDate)] }),
    };
  });
}

/** The characteristics of a usage and its charge without tax; data is included in the product. */
function measured(kind: Kind, random: () => number): { characteristics: object[]; charge: Decimal } {
  const destination = { name: 'destination', value: `+4917${Math.floor(10_000_000 + random() * 89_999_999)}` };
  if (kind === 'sms') return { characteristics: [destination], charge: new Decimal('0.07') };
  if (kind === 'data') {
    const volume = Math.round(random() ** 3 * 40_000) / 100;
    return {
      characteristics: [
        { name: 'volume', value: volume },
        { name: 'network', value: random() < 0.4 ? '5G' : '4G' },
      ],
      charge: new Decimal(0),
    };
  }
  const duration = Math.ceil(random() ** 2 * 1_800);
  const characteristics = [
    { name: 'duration', value: duration },
    destination,
    { name: 'cell', value: `cell-${Math.floor(random() * 12)}` },
  ];
  return { characteristics, charge: new Decimal('0.09').times(Math.ceil(duration / 60)) };
}

function rating(charge: Decimal, usageDate: Date): object {
  return {
    ratingDate: new Date(usageDate.getTime() + 60_000),
    usageRatingTag: charge.isZero() ? 'included usage' : 'usage',
    ratingAmountType: 'Total',
    offerTariffType: 'Normal',
    taxExcludedRatingAmount: euro(charge),
    taxIncludedRatingAmount: euro(taxed(charge)),
    taxRate: new Decimal(taxRate),
    isTaxExempt: false,
    isBilled: false,
    productRef: { id: 'prepaid-m', name: 'Prepaid M' },
  };
}
