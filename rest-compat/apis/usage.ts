import type { ApiDescriptor } from './api.js';

/** The samples write booleans as text, and leave an end of a range open by an empty one. */
const booleanText = { true: true, false: false };
const emptyText = { '': null };

export const usage: ApiDescriptor = {
  number: 'TMF635',
  title: 'Usage Management',
  version: 'v4',
  basePaths: ['/tmf-api/usageManagement/v4', '/usageManagement/v4'],
  fieldsAddIdentity: true,
  resources: {
    usage: 'Usage',
    usageSpecification: 'UsageSpecification',
    aggregatedUsage: 'AggregatedUsage',
    importJob: 'UsageImport',
    exportJob: 'UsageExport',
  },
  // The samples, and the edition of June 2020 (docs/standard/usage.md).
  aliases: {
    names: {
      RatedProductUsage: { taxExcludedAmount: 'taxExcludedRatingAmount', taxIncludedAmount: 'taxIncludedRatingAmount' },
      UsageSpecification: { usageSpecCharacteristic: 'specCharacteristic' },
      CharacteristicSpecification: { usageSpecCharacteristicValue: 'characteristicValueSpecification' },
      CharacteristicValueSpecification: { default: 'isDefault' },
    },
    values: {
      CharacteristicSpecification: { configurable: booleanText, extensible: booleanText, isUnique: booleanText },
      CharacteristicValueSpecification: { isDefault: booleanText, valueFrom: emptyText, valueTo: emptyText },
    },
    ignored: {
      Money: ['id', 'href', '@type', '@baseType', '@schemaLocation'],
      TimePeriod: ['id', 'href', '@type', '@baseType', '@schemaLocation'],
    },
  },
};
