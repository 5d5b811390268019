import type { ApiDescriptor } from '../api.js';

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
  // The draft edition of January 2020, and the samples.
  aliases: {
    names: {
      TopupBalance: { balanceTopup: 'relatedTopupBalance', isAutopTopup: 'isAutoTopup' },
      Quantity: { value: 'amount', unit: 'units' },
    },
    values: {},
  },
};
