/** Events of ours about limits of spending. */
export const spendLimitEvents = {
  spendLimit: ['Create', 'AttributeValueChange', 'Reached', 'Delete'],
} as const;
