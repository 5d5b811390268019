import type {
  AppliedCustomerBillingRate,
  BillCycle,
  BillCycleSpecification,
  BillRun,
  CustomerBill,
  CustomerBillOnDemand,
} from '../../../prisma/generated/client.js';
import type { JsonValue } from '../../platform/json-object.js';
import type { WriterDependencies } from '../resource-writer.js';
import type { DomainRow, MappingsOf, Money, Reference } from '../row.js';
import type { RelatedParty, UsageRow } from '../usage/model.js';

/** What made a bill (TMF678). */
export const runTypes = ['onCycle', 'offCycle'] as const;

/** A tax of a rate (AppliedBillingTaxRate) or of a bill (TaxItem). */
export type Tax = {
  taxCategory?: string | null;
  /** In percent. */
  taxRate?: number | null;
  taxAmount?: Money | null;
};

/** What was applied of a payment; below zero it was taken back. */
export type AppliedPayment = {
  payment: Reference;
  appliedAmount: Money;
  /** Of an entry that takes back. */
  reversalId?: string | null;
};

/** A document of a bill, as far as the domain looks at it. */
export type BillDocument = {
  id?: string | null;
  name?: string | null;
  attachmentType?: string | null;
  mimeType?: string | null;
};

/** TMF678 CustomerBill. */
export type BillRow = DomainRow<
  CustomerBill,
  {
    appliedPayment: AppliedPayment[];
    billCycle: Reference;
    billDocument: BillDocument[];
    billingAccount: Reference;
    financialAccount: Reference;
    paymentMethod: Reference;
    relatedParty: RelatedParty[];
    taxItem: Tax[];
  },
  'tenantId' | 'overdueTold',
  'appliedPayment' | 'billDocument'
>;

/** Where a rate comes from, by name. */
export type RateCharacteristic = { name: string; value?: JsonValue; valueType?: string | null };

/** TMF678 AppliedCustomerBillingRate: one line of a bill, or one that waits to be billed. */
export type RateRow = DomainRow<
  AppliedCustomerBillingRate,
  {
    appliedTax: Tax[];
    bill: Reference;
    billingAccount: Reference;
    characteristic: RateCharacteristic[];
    product: Reference;
  }
>;

/** TMF678 CustomerBillOnDemand. */
export type OnDemandRow = DomainRow<
  CustomerBillOnDemand,
  { billingAccount: Reference; customerBill: Reference; relatedParty: RelatedParty; bucket: Reference }
>;

/** TMF678 BillCycle. */
export type CycleRow = DomainRow<BillCycle, { billCycleSpecification: Reference }>;

/** TMF678 BillCycleSpecification. */
export type CycleSpecificationRow = DomainRow<BillCycleSpecification>;

/** An account that a run could not bill, and why. */
export type RunFailure = { account: string; message: string };

/** A run of a bill cycle. */
export type RunRow = DomainRow<BillRun, { billCycle: Reference; failure: RunFailure[] }, 'tenantId', 'billCycle'>;

/** The resources this domain writes. */
export const customerBillResources = [
  'customerBill',
  'customerBillOnDemand',
  'appliedCustomerBillingRate',
  'billCycle',
  'billCycleSpecification',
  'billRun',
] as const;

/** The limits beyond which a bill is put on hold, for an inspection. */
export interface HoldPolicy {
  /** Charges of one product that are alike, within a day of the operator's. */
  readonly repeatedChargesMax: number;
  /** What is to be paid, in the currency of the bill; undefined: whatever comes. */
  readonly totalMax: number | undefined;
  readonly timeZone: string;
}

/** What the domain is built on. */
export interface CustomerBillDependencies extends WriterDependencies {
  readonly mappings: MappingsOf<{
    customerBill: BillRow;
    customerBillOnDemand: OnDemandRow;
    appliedCustomerBillingRate: RateRow;
    billCycle: CycleRow;
    billCycleSpecification: CycleSpecificationRow;
    billRun: RunRow;
    usage: UsageRow;
  }>;
  readonly holdPolicy: Omit<HoldPolicy, 'timeZone'>;
  /** IANA zone in which years, periods and days of a tenant begin. */
  zoneOf(tenantId: string): string;
  /** What the numbers of its bills begin with; undefined: nothing. */
  billPrefixOf(tenantId: string): string | undefined;
  /** The mimeType of each document that is made of a bill. */
  readonly documentTypes: Readonly<Record<DocumentFormat, string>>;
}

/** The forms in which every bill is given out. */
export const documentFormats = ['pdf', 'json', 'csv'] as const;
export type DocumentFormat = (typeof documentFormats)[number];
