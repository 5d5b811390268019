/** What can happen to a balance action: the kinds of its events (TMF654). */
export type Change = 'Create' | 'Cancel' | 'Failure' | 'AttributeValueChange' | 'StatusChange' | 'Delete';
