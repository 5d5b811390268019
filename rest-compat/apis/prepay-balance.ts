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
  },
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
  // The draft edition of January 2020, and the samples.
  aliases: {
    names: {
      TopupBalance: { balanceTopup: 'relatedTopupBalance', isAutopTopup: 'isAutoTopup' },
      Quantity: { value: 'amount', unit: 'units' },
    },
    values: {},
  },
};
