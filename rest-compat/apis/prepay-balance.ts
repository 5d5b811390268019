import type { ErrorRegistry } from '../../src/platform/errors.js';
import type { ApiDescriptor } from './api.js';

/** The conformance profile has lists of these in actions, the published swagger file one of each. */
const single = ['product', 'logicalResource'];

export const prepayBalance: ApiDescriptor = {
  number: 'TMF654',
  title: 'Prepay Balance Management',
  version: 'v4',
  basePaths: ['/tmf-api/prepayBalanceManagement/v4', '/prepayBalanceManagement/v4'],
  fieldsAddIdentity: false,
  resources: {
    bucket: 'Bucket',
    topupBalance: 'TopupBalance',
    adjustBalance: 'AdjustBalance',
    reserveBalance: 'ReserveBalance',
    transferBalance: 'TransferBalance',
    accumulatedBalance: 'AccumulatedBalance',
    balanceAction: 'BalanceAction',
    // As the draft edition calls it.
    balanceActionHistory: 'BalanceAction',
    hub: 'Hub',
  },
  fixed: { Hub: { api: 'TMF654' } },
  editions: {
    profile: {},
    swagger: {
      TopupBalance: single,
      AdjustBalance: single,
      ReserveBalance: single,
      TransferBalance: single,
      BalanceAction: single,
    },
  },
  errorCodes: {
    BUCKET_UNKNOWN: '101',
    BUCKET_AMBIGUOUS: '102',
    UNITS_MISMATCH: '103',
    RESERVATION_UNKNOWN: '104',
    BUCKET_SUSPENDED: '111',
    BUCKET_EXPIRED: '112',
    BUCKET_NOT_YET_VALID: '113',
    INSUFFICIENT_REMAINING: '114',
    RESERVATION_NOT_LIVE: '115',
    COMMIT_ABOVE_RESERVED: '116',
    BALANCE_LIMIT: '117',
    BUCKET_NOT_EMPTY: '118',
    RECEIVER_UNABLE: '120',
  } satisfies Record<keyof ErrorRegistry['prepayBalance'], string>,
  // An amount of each bucket's own units, and two buckets of one unit.
  examples: {
    Hub: { callback: 'http://localhost:9000/listener', query: 'eventType=BucketCreateEvent' },
    TopupBalance: { amount: { amount: 10, units: 'EUR' }, bucket: { id: '11' } },
    AdjustBalance: { amount: { amount: 0.5, units: 'EUR' }, adjustType: 'goodwillCredit', bucket: { id: '11' } },
    ReserveBalance: { amount: { amount: 0.5, units: 'EUR' }, bucket: { id: '11' } },
    TransferBalance: { amount: { amount: 0.5, units: 'EUR' }, bucket: { id: '11' }, receiverBucket: { id: 'money-2' } },
  },
  demo: {
    ids: {
      Bucket: '11',
      TopupBalance: '01DEM0SEED0000470000000001',
      AdjustBalance: '01DEM0SEED0000590000000006',
      ReserveBalance: '01DEM0SEED0003060000000001',
      TransferBalance: '01DEM0SEED0001220000000001',
      AccumulatedBalance: 'relatedParty~customer-1~monetary~EUR',
      BalanceAction: '01DEM0SEED0000470000000001',
    },
    deletable: {
      Bucket: 'unused-1',
      TopupBalance: '01DEM0SEED0004710000000001',
      AdjustBalance: '01DEM0SEED0002340000000027',
      ReserveBalance: '01DEM0SEED0003560000000001',
      TransferBalance: '01DEM0SEED0003750000000001',
    },
  },
  // The draft edition of January 2020, and the samples.
  aliases: {
    names: {
      TopupBalance: { balanceTopup: 'relatedTopupBalance', isAutopTopup: 'isAutoTopup' },
      Quantity: { value: 'amount', unit: 'units' },
    },
    // Whatever status the server has given the action.
    values: {
      TopupBalance: { status: { confirmed: 'completed' } },
      AdjustBalance: { status: { confirmed: 'completed' } },
      TransferBalance: { status: { confirmed: 'completed' } },
      ReserveBalance: { status: { confirmed: 'created' } },
    },
    unsaid: {
      TopupBalance: { status: ['confirmed'] },
      AdjustBalance: { status: ['confirmed'] },
      TransferBalance: { status: ['confirmed'] },
      ReserveBalance: { status: ['confirmed'] },
    },
  },
};
