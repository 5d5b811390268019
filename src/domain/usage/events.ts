/** Events of TMF635, and of the tasks that bring usages in and out. The attribute of a usage is status, its event StateChange. */
export const usageEvents = {
  usage: ['Create', 'AttributeValueChange', 'StateChange', 'Delete'],
  usageSpecification: ['Create', 'AttributeValueChange', 'Delete'],
  usageImport: ['Create', 'StateChange', 'Delete'],
  usageExport: ['Create', 'StateChange', 'Delete'],
} as const;
