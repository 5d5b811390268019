const actionEvents = ['Create', 'Cancel', 'Failure', 'AttributeValueChange', 'StatusChange', 'Delete'] as const;

/** Events of TMF654, which says StatusChange where the other APIs say StateChange. */
export const prepayBalanceEvents = {
  bucket: ['Create', 'AttributeValueChange', 'Delete'],
  topupBalance: actionEvents,
  adjustBalance: actionEvents,
  reserveBalance: actionEvents,
  transferBalance: actionEvents,
} as const;

/** What can happen to a balance action. */
export type Change = (typeof actionEvents)[number];
