// @ts-check
/** GraphQL documents: ours, and those that ask PostGraphile for the same by the names of its own schema. */

const extensible = 'atType atBaseType atSchemaLocation';
const reference = `href name atReferredType ${extensible}`;
const quantity = '{ amount units }';
const bucket = `{
  id href revision usageType status remainingValue ${quantity} reservedValue ${quantity}
  reserveBalance { refId ${reference} } name description isShared remainingValueName priority
  validFor { startDateTime endDateTime } logicalResource { refId value ${reference} }
  partyAccount { refId href name description status atReferredType ${extensible} } product { refId ${reference} }
  relatedParty { refId href name role atReferredType ${extensible} } requestedDate confirmationDate updatedAt ${extensible} extension
}`;

export const byId = `query BucketById($id: ID!) { bucket(id: $id) ${bucket} }`;
export const page = `query BucketPage($limit: Int!) { buckets(limit: $limit) { items ${bucket} } }`;
export const seven = `query Seven($limit: Int!) { buckets(limit: $limit) { items {
  id name status usageType remainingValue ${quantity} reservedValue ${quantity} relatedParty { refId name role atReferredType }
} } }`;
export const nested = `query Nested($limit: Int!) { buckets(limit: $limit) { items {
  id name status remainingValue ${quantity}
  entries(limit: 3) { items { itemId entryType remainingDelta remainingAfter units recordedAt } }
} } }`;
export const party = `query Party($id: ID!) { party(id: $id) {
  id
  buckets(limit: 5) { items { id name status usageType remainingValue ${quantity} } }
  balanceActions(limit: 5) { items { id kind status reason confirmationDate amount ${quantity} } }
  usages(limit: 5) { items { id usageDate usageType status externalId } }
  customerBills(limit: 5) { items { id state billNo billDate amountDue { value unit } } }
  resourceOrders(limit: 5) { items { id state orderDate description } }
} }`;
export const sums = `query Sums($from: DateTime!, $to: DateTime!) {
  usageAggregate(filter: { usageDate: { gte: $from, lt: $to } }, groupBy: [usageType, status]) {
    usageType status count rated { unit count taxExcludedRatingAmount taxIncludedRatingAmount }
  }
}`;
export const newest = `query Newest($limit: Int!, $status: BucketStatusType!) {
  buckets(filter: { status: { eq: $status } }, orderBy: [{ requestedDate: DESC }], limit: $limit) { items ${bucket} }
}`;

// PostGraphile answers jsonb whole, and amounts and periods as the columns they are.
const tenant = 'tenantId: { equalTo: "default" }';
const peerBucket = `{
  rowId revision usageType status remainingValueAmount remainingValueUnits reservedValueAmount reservedValueUnits
  reserveBalance name description isShared remainingValueName priority validForStart validForEnd
  logicalResource partyAccount product relatedParty requestedDate confirmationDate updatedAt ${extensible} extension
}`;

export const peerById = `query Peer($id: String!) { bucketByTenantIdAndRowId(tenantId: "default", rowId: $id) ${peerBucket} }`;
export const peerPage = `query Peer { allBuckets(condition: { tenantId: "default" }, first: 20) { nodes ${peerBucket} } }`;
export const peerSeven = `query Peer { allBuckets(condition: { tenantId: "default" }, first: 20) { nodes {
  rowId name status usageType remainingValueAmount remainingValueUnits reservedValueAmount reservedValueUnits relatedParty
} } }`;
export const peerNested = `query Peer { allBuckets(condition: { tenantId: "default" }, first: 20) { nodes {
  rowId name status remainingValueAmount remainingValueUnits
  entries(first: 3) { nodes { rowId entryType remainingDelta remainingAfter units recordedAt } }
} } }`;

const ofParty = `(filter: { ${tenant}, relatedParty: { contains: $party } }, first: 5)`;
export const peerParty = `query Peer($party: JSON!) {
  allBuckets${ofParty} { nodes { rowId name status usageType remainingValueAmount remainingValueUnits } }
  allBalanceActions${ofParty} { nodes { rowId kind status reason confirmationDate amountAmount amountUnits } }
  allUsages${ofParty} { nodes { rowId usageDate usageType status externalId } }
  allCustomerBills${ofParty} { nodes { rowId state billNo billDate amountDueValue amountDueUnit } }
  allResourceOrders${ofParty} { nodes { rowId state orderDate description } }
}`;
export const peerSums = `query Peer($from: Datetime!, $to: Datetime!) {
  allUsages(filter: { ${tenant}, usageDate: { greaterThanOrEqualTo: $from, lessThan: $to } }) {
    groupedAggregates(groupBy: [USAGE_TYPE, STATUS, RATED_UNIT]) {
      keys distinctCount { rowId } sum { ratedTaxExcluded ratedTaxIncluded }
    }
  }
}`;
export const peerNewest = `query Peer($status: String!) {
  allBuckets(condition: { tenantId: "default", status: $status }, orderBy: [REQUESTED_DATE_DESC], first: 20) { nodes ${peerBucket} }
}`;
