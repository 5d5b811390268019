// @ts-check
/** What people ask of a server that has much: by either transport, the first page of 20 unless it says otherwise. */
import { actionId, billId, bucketId, customerOf, usageId } from './scale-data.js';

/**
 * @typedef {object} Query
 * @property {string} name
 * @property {string} [path] a REST call
 * @property {string} [graphql] or a GraphQL operation
 * @property {boolean} [isUnusual] a sum over much, or an order or condition that no index serves: these run as reports
 */

const balance = '/tmf-api/prepayBalanceManagement/v4';
const usage = '/tmf-api/usageManagement/v4';
const billing = '/tmf-api/customerBillManagement/v4';
const ordering = '/tmf-api/resourceOrdering/v4';

/** The party that has most. */
const largeParty = 'customer-0';
/** Buckets whose first action is a top-up that names a bucket, a number, an account, a product. */
const toppedUp = { byBucket: 1016, byNumber: 1554, byAccount: 1008, byProduct: 1599 };
/** A month, and a day of it, in the middle of the two years that there are. */
const months = (/** @type {number} */ back) => new Date(Date.now() - back * 30 * 86_400_000).toISOString();
const month = `${months(13)}&usageDate.lt=${months(12)}`;
/** The place of a row in an order by time, half way through. */
const halfway = (/** @type {string} */ id) => Buffer.from(JSON.stringify([months(12), id])).toString('base64url');

const bucket = 'id name status usageType remainingValue { amount units } relatedParty { refId role }';
const action = 'id kind status requestedDate amount { amount units }';

/** @param {import('./scale-data.js').Sizes} sizes @returns {Query[]} */
export function queriesOf(sizes) {
  const middle = (/** @type {number} */ count) => Math.floor(count / 2);
  const bucketInMiddle = bucketId(middle(sizes.bucket));
  // As most are.
  const customer = customerOf(sizes, toppedUp.byAccount);
  const [party, account] = [`customer-${customer}`, `account-${customer}`];
  const list = (/** @type {string} */ name, /** @type {string} */ path) => ({
    name,
    path: `${path}${path.includes('?') ? '&' : '?'}limit=20`,
  });
  return [
    { name: 'bucket by id', path: `${balance}/bucket/${bucketInMiddle}` },
    { name: 'usage by id', path: `${usage}/usage/${usageId(middle(sizes.usage))}` },
    { name: 'action by id', path: `${balance}/balanceAction/${actionId(middle(sizes.bucket))}` },
    { name: 'bill by id', path: `${billing}/customerBill/${billId(middle(sizes.bill))}` },
    list('buckets', `${balance}/bucket`),
    list('usages', `${usage}/usage`),
    list('actions', `${balance}/balanceAction`),
    list('top-ups', `${balance}/topupBalance`),
    list('bills', `${billing}/customerBill`),

    list('buckets, newest first', `${balance}/bucket?sort=-requestedDate`),
    list('usages, newest first', `${usage}/usage?sort=-usageDate`),
    list(
      'usages, newest first, far in',
      `${usage}/usage?sort=-usageDate&after=${halfway(usageId(middle(sizes.usage)))}`,
    ),
    list('actions, newest first', `${balance}/balanceAction?sort=-requestedDate`),
    list('top-ups, newest first', `${balance}/topupBalance?sort=-requestedDate`),
    list('top-ups, newest first, far in', `${balance}/topupBalance?sort=-requestedDate&after=${halfway(actionId(1))}`),
    list('transfers, newest first', `${balance}/transferBalance?sort=-requestedDate`),
    list('bills, newest first', `${billing}/customerBill?sort=-billDate`),
    list('bills, last updated first', `${billing}/customerBill?sort=-lastUpdate`),
    list('rates, newest first', `${billing}/appliedCustomerBillingRate?sort=-date`),
    list('cycles, newest first', `${billing}/billCycle?sort=-validFor.startDateTime`),
    list('orders, newest first', `${ordering}/resourceOrder?sort=-orderDate`),
    list('specifications, last updated first', `${usage}/usageSpecification?sort=-lastUpdate`),
    list('usages by descending id', `${usage}/usage?sort=-id`),

    list('buckets, suspended', `${balance}/bucket?status=suspended`),
    list('buckets, active, of data', `${balance}/bucket?status=active&usageType=data`),
    list('buckets, suspended, newest first', `${balance}/bucket?status=suspended&sort=-requestedDate`),
    list('buckets of an account', `${balance}/bucket?partyAccount.id=${account}`),
    list('buckets of a number', `${balance}/bucket?logicalResource.value=491${10_000_000 + toppedUp.byNumber / 2}`),
    list('buckets of a party', `${balance}/bucket?relatedParty.id=${party}`),
    list(
      'buckets of a large party, newest first',
      `${balance}/bucket?relatedParty.id=${largeParty}&sort=-requestedDate`,
    ),
    list('buckets of a product', `${balance}/bucket?product.id=product-777`),
    list('buckets by name', `${balance}/bucket?name=Data%20500`),
    list('buckets whose name begins so', `${balance}/bucket?name.startswith=Data%2050`),
    list('buckets in order of names', `${balance}/bucket?sort=name`),

    list('usages, rejected', `${usage}/usage?status=rejected`),
    list('usages, rejected, newest first', `${usage}/usage?status=rejected&sort=-usageDate`),
    list('usages, billed, newest first', `${usage}/usage?status=billed&sort=-usageDate`),
    list('usages of a month, rejected', `${usage}/usage?status=rejected&usageDate.gte=${month}`),
    list('usages of a month by date', `${usage}/usage?usageDate.gte=${month}&sort=usageDate`),
    list('usages of a month, newest first', `${usage}/usage?usageDate.gte=${month}&sort=-usageDate`),
    list('usages of SMS, newest first', `${usage}/usage?usageType=sms&sort=-usageDate`),
    list('usages of a party', `${usage}/usage?relatedParty.id=${party}`),
    list('usages of a party, newest first', `${usage}/usage?relatedParty.id=${party}&sort=-usageDate`),
    list('usages of a large party, newest first', `${usage}/usage?relatedParty.id=${largeParty}&sort=-usageDate`),
    list('usages of a specification', `${usage}/usage?usageSpecification.id=spec-sms`),
    list('usages by external id', `${usage}/usage?externalId=cdr-777`),

    list('top-ups of a bucket', `${balance}/topupBalance?bucket.id=${bucketId(toppedUp.byBucket)}`),
    list(
      'top-ups of a number, newest first',
      `${balance}/topupBalance?logicalResource.id=491${10_000_000 + toppedUp.byNumber / 2}&sort=-requestedDate`,
    ),
    list('top-ups of an account', `${balance}/topupBalance?partyAccount.id=${account}`),
    list('top-ups of a product', `${balance}/topupBalance?product.id=product-${Math.floor(toppedUp.byProduct / 2)}`),
    list('actions that moved a bucket', `${balance}/balanceAction?impactedBucket.bucket.id=${bucketInMiddle}`),
    list('actions of a party, newest first', `${balance}/balanceAction?relatedParty.id=${party}&sort=-requestedDate`),
    list('top-ups, failed', `${balance}/topupBalance?status=failed`),
    list('top-ups, failed, newest first', `${balance}/topupBalance?status=failed&sort=-requestedDate`),
    list(
      'top-ups of a day',
      `${balance}/topupBalance?requestedDate.gte=${months(12)}&requestedDate.lt=${months(12 - 1 / 30)}`,
    ),

    list('bills, sent', `${billing}/customerBill?state=sent`),
    list('bills, sent, newest first', `${billing}/customerBill?state=sent&sort=-billDate`),
    list('bills of an account, newest first', `${billing}/customerBill?billingAccount.id=account-100&sort=-billDate`),
    list('bill of a number', `${billing}/customerBill?billNo=INV-777`),
    list('bills that are overdue', `${billing}/customerBill?state=sent&paymentDueDate.lt=${months(1)}`),
    list('rates of a bill', `${billing}/appliedCustomerBillingRate?bill.id=${billId(777)}`),
    list('rates that are not billed', `${billing}/appliedCustomerBillingRate?isBilled=false`),
    list('orders, in progress, newest first', `${ordering}/resourceOrder?state=inProgress&sort=-orderDate`),
    list('orders by external reference', `${ordering}/resourceOrder?externalReference.id=crm-777`),
    list('specifications in order of names', `${usage}/usageSpecification?sort=name`),

    {
      name: '20 buckets with 3 entries each',
      graphql: `{ buckets(limit: 20) { items { ${bucket} entries(limit: 3) { items { itemId entryType remainingAfter } } } } }`,
    },
    {
      name: '20 buckets with their last 3 actions',
      graphql: `{ buckets(limit: 20) { items { ${bucket} actions(limit: 3, orderBy: [{ requestedDate: DESC }]) { items { ${action} } } } } }`,
    },
    { name: 'a party with five lists', graphql: partyWithLists(party) },
    { name: 'a large party with five lists', graphql: partyWithLists(largeParty) },
    {
      name: 'count of rejected usages',
      graphql: '{ usages(limit: 0, filter: { status: { eq: rejected } }) { totalCount } }',
    },
    { name: 'accumulated balance of a party', path: `${balance}/accumulatedBalance?relatedParty.id=${party}` },
    { name: 'accumulated balance of an account', path: `${balance}/accumulatedBalance?partyAccount.id=${account}` },
    { name: 'accumulated balance by id', path: `${balance}/accumulatedBalance/partyAccount~${account}~monetary~EUR` },
    list('accumulated balances', `${balance}/accumulatedBalance`),
    { name: 'what a party has used', path: `${usage}/aggregatedUsage?relatedParty.id=${party}` },

    {
      name: 'a month of usages by day',
      isUnusual: true,
      graphql: `{ usageAggregate(groupBy: [day], filter: { usageDate: { gte: "${months(13)}", lt: "${months(12)}" } }) { day count } }`,
    },
    { ...list('usages of a month, by id', `${usage}/usage?usageDate.gte=${month}`), isUnusual: true },
    {
      ...list('actions, failed, newest first', `${balance}/balanceAction?status=failed&sort=-requestedDate`),
      isUnusual: true,
    },
    { ...list('buckets by what remains', `${balance}/bucket?sort=-remainingValue.amount`), isUnusual: true },
    {
      ...list('buckets whose description has', `${balance}/bucket?description.contains=subscriber%20777777`),
      isUnusual: true,
    },
  ];
}

/** @param {string} id */
function partyWithLists(id) {
  return `{ party(id: "${id}") {
    buckets(limit: 10) { items { ${bucket} } }
    balanceActions(limit: 10, orderBy: [{ requestedDate: DESC }]) { items { ${action} } }
    usages(limit: 10, orderBy: [{ usageDate: DESC }]) { items { id usageDate status } }
    customerBills(limit: 10, orderBy: [{ billDate: DESC }]) { items { id state billDate } }
    resourceOrders(limit: 10, orderBy: [{ orderDate: DESC }]) { items { id state orderDate } }
  } }`;
}
