/** What rows of the demo data have, by the path of the attribute: examples of conditions. */
export const demoValues: Readonly<Record<string, string>> = {
  'relatedParty.id': 'customer-1',
  'receiver.id': 'customer-2',
  'partyAccount.id': 'account-1',
  'billingAccount.id': 'account-1',
  'logicalResource.value': '491700000001',
  'bucket.id': '11',
  'receiverBucket.id': 'money-2',
  'product.id': 'mobile-m',
  usageType: 'monetary',
};
