import type { OwnerPath } from '../../platform/rights/ownership.js';

// Which attribute of which resource names a party, an account or a logical resource.

export const relatedParty: OwnerPath = { path: ['relatedParty'], of: 'party', form: 'parties' };
/** An account among the parties, as its referred type says. */
export const accountAsParty: OwnerPath = { path: ['relatedParty'], of: 'account', form: 'accountsAmongParties' };
export const partyAccount: OwnerPath = { path: ['partyAccount'], of: 'account', form: 'reference' };
export const billingAccount: OwnerPath = { path: ['billingAccount'], of: 'account', form: 'reference' };
export const logicalResource: OwnerPath = { path: ['logicalResource'], of: 'logicalResource', form: 'values' };

const party = (name: string): OwnerPath => ({ path: [name], of: 'party', form: 'party' });

/** What the rows of a resource name. */
interface Naming {
  readonly paths: readonly OwnerPath[];
  /** What one row names belongs together: an account has these parties, a number these accounts. */
  readonly isTogether: boolean;
}

const together = (...paths: OwnerPath[]): Naming => ({ paths, isTogether: true });
/** Who asks for something, and whom it is for, need have nothing to do with each other. */
const apart = (...paths: OwnerPath[]): Naming => ({ paths, isTogether: false });

const action = apart(
  ...[relatedParty, accountAsParty, party('requestor'), party('receiver'), partyAccount, logicalResource],
  { ...partyAccount, path: ['receiverPartyAccount'] },
  { ...logicalResource, path: ['receiverLogicalResource'] },
);

/** By the names of the resources. Whatever names somebody and is not in it, such as an extension, makes nobody known. */
export const namings: Readonly<Record<string, Naming>> = {
  Bucket: together(relatedParty, accountAsParty, partyAccount, logicalResource),
  TopupBalance: action,
  AdjustBalance: action,
  ReserveBalance: action,
  TransferBalance: action,
  Usage: together(relatedParty, accountAsParty),
  UsageSpecification: apart(relatedParty),
  CustomerBill: together(relatedParty, accountAsParty, billingAccount),
  CustomerBillOnDemand: together(party('relatedParty'), billingAccount),
  AppliedCustomerBillingRate: together(billingAccount),
  SpendLimit: together(party('relatedParty'), billingAccount),
  ResourceOrder: apart(relatedParty, accountAsParty),
};

/** Whether one of these attributes of a resource names somebody. */
export function namesSomebody(resource: string, attributes: Iterable<string>): boolean {
  const naming = namingAttributes(resource);
  return [...attributes].some((name) => naming.includes(name));
}

/** The attributes of a resource that name somebody. */
export function namingAttributes(resource: string): string[] {
  return [...new Set((namings[resource]?.paths ?? []).map(({ path }) => path[0] as string))];
}
