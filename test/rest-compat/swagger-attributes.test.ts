import { beforeAll, describe, expect, it } from '@jest/globals';
import { createSchema } from '../../graphql/schema.js';
import { apis } from '../../rest-compat/apis/index.js';
import { openApiDocument } from '../../rest-compat/openapi.js';
import { tmf635Attributes } from './swagger-attributes-usage.js';
import { tmf654Attributes } from './swagger-attributes.js';

/** The published swaggers whose attributes are compared, and those of which nothing is served yet. */
const compared = { TMF654: tmf654Attributes, TMF635: tmf635Attributes };
const notServedYet = {
  TMF652: 'Resource Ordering is an issue of its own that has not begun',
  TMF678: 'Customer Bill is an issue of its own that has not begun',
};

/** Definitions that ours has not, and why. */
const withoutDefinition: readonly [definitions: RegExp, reason: string][] = [
  [/^(Addressable|Entity|EntityRef|Extensible)$/, 'a base class of the generator: its attributes stand in every class that extends it'],
  [/^(EntitySpecification|Attachment|AttachmentRef|Characteristic|CharacteristicSpecificationBase)$/, 'a base class, too: its attributes stand in what extends it'],
  [/^(BalanceActionRef|ResourceRef)$/, 'nothing in the swagger refers to it'],
  [/Event(Payload)?$/, 'events are not served yet'],
  [/^EventSubscription(Input)?$/, 'the hub is not served yet'],
];

const setByServer = 'set by the server; accepted in the body and ignored (DESIGN §8)';
const notPatched = 'amount, bucket and the other locators of an action do not change (DESIGN §12); accepted as it is';

/** Attributes that a definition of ours has not, and why. */
const withoutAttribute: readonly [definitions: RegExp, attributes: readonly string[], reason: string][] = [
  [/^Bucket_Create$/, ['reserveBalance'], setByServer],
  [/^(Topup|Adjust|Reserve|Transfer)Balance_Create$/, ['confirmationDate', 'status', 'impactedBucket'], setByServer],
  [/^(Adjust|Reserve|Transfer)Balance_Create$/, ['requestedDate'], setByServer],
  [/^(Topup|Adjust|Reserve|Transfer)Balance_Update$/, ['confirmationDate', 'impactedBucket'], setByServer],
  [/^(Adjust|Reserve|Transfer)Balance_Update$/, ['requestedDate'], setByServer],
  [/^(Topup|Adjust|Reserve|Transfer)Balance_Update$/, ['usageType', 'bucket', 'logicalResource', 'partyAccount', 'product'], notPatched],
  [/^(Adjust|Reserve|Transfer)Balance_Update$/, ['amount'], notPatched],
  [
    /^TransferBalance_Update$/,
    ['costOwner', 'receiverBucketUsageType', 'receiver', 'receiverBucket', 'receiverLogicalResource', 'receiverPartyAccount', 'receiverProduct', 'transferCost'],
    'a transfer is applied at once: what it did does not change',
  ],
  [/^AdjustBalance_Update$/, ['adjustType', 'reserveBalance'], 'an adjustment is applied at once: what it did does not change'],
  [/^ReserveBalance_Update$/, ['expirationDate'], 'a reservation lapses when it was agreed to'],
  [/^UsageSpecification_(Create|Update)$/, ['lastUpdate'], setByServer],
  [/^Error$/, ['@baseType', '@schemaLocation'], 'an error is of no other class and has no extension'],
];

describe('the published swaggers', () => {
  it('are compared, or nothing of them is served yet', () => {
    expect(apis.map(({ number }) => number)).toEqual(Object.keys(compared));
    expect([...Object.keys(compared), ...Object.keys(notServedYet)].sort()).toEqual(['TMF635', 'TMF652', 'TMF654', 'TMF678']);
  });

  describe.each(Object.entries(compared))('of %s', (number, definitions) => {
    let schemas: Record<string, { properties: object }>;
    beforeAll(async () => {
      const api = apis.find((candidate) => candidate.number === number)!;
      const document: any = openApiDocument(await createSchema(), api, { pageSizeMax: 1000, isExplainOffered: false });
      schemas = document.components.schemas;
    });

    const reasonOf = (definition: string, attribute: string): string | undefined =>
      withoutAttribute.find(([pattern, attributes]) => pattern.test(definition) && attributes.includes(attribute))?.[2];

    it.each(Object.entries(definitions))('have %s, which ours has with every attribute, or it is said why not', (definition, attributes) => {
      const reason = withoutDefinition.find(([pattern]) => pattern.test(definition))?.[1];
      const ours = schemas[definition];
      // A reason that has become untrue must go.
      expect([definition, ours === undefined]).toEqual([definition, reason !== undefined]);
      if (ours === undefined) return;
      for (const attribute of attributes) {
        expect([attribute, attribute in ours.properties]).toEqual([attribute, reasonOf(definition, attribute) === undefined]);
      }
    });

  });

  it('have all that a reason is given for', () => {
    const definitions = Object.values(compared).flatMap((each: Readonly<Record<string, readonly string[]>>) => Object.entries(each));
    for (const [pattern] of withoutDefinition) expect([pattern, definitions.some(([name]) => pattern.test(name))]).toEqual([pattern, true]);
    for (const [pattern, attributes] of withoutAttribute) {
      const found = definitions.filter(([name]) => pattern.test(name));
      const named = found.filter(([, own]) => attributes.every((attribute) => own.includes(attribute)));
      expect([pattern, found.length, named.length]).toEqual([pattern, named.length, Math.max(1, found.length)]);
    }
  });
});
