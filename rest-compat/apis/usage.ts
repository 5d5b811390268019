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
    hub: 'Hub',
  },
  // What its specification wants of it.
  examples: {
    Hub: { callback: 'http://localhost:9000/listener', query: 'eventType=UsageCreateEvent' },
    Usage: {
      usageType: 'voice',
      usageSpecification: { id: '01DEM0SEED0000020000000001' },
      usageCharacteristic: [
        { name: 'duration', value: 3 },
        { name: 'number', value: '491700000001' },
      ],
      relatedParty: [{ id: 'customer-1', role: 'customer', '@referredType': 'Individual' }],
    },
  },
  demo: {
    ids: {
      Usage: '01DEM0SEED0000590000000001',
      UsageSpecification: '01DEM0SEED0000020000000001',
      AggregatedUsage: 'customer-9~voice~01DEM0SEED0000020000000001~EUR',
      UsageImport: '01DEM0SEED0004770000000001',
      UsageExport: '01DEM0SEED0004780000000001',
    },
    deletable: {
      Usage: '01DEM0SEED0002190000000001',
      UsageSpecification: '01DEM0SEED0000020000000003',
      UsageImport: '01DEM0SEED0004790000000001',
      UsageExport: '01DEM0SEED0004800000000001',
    },
  },
  fixed: { Hub: { api: 'TMF635' } },
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
