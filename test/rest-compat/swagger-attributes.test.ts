import { beforeAll, describe, expect, it } from '@jest/globals';
import { createSchema } from '../../graphql/schema.js';
import { apis } from '../../rest-compat/apis/index.js';
import { openApiDocument } from '../../rest-compat/openapi/openapi.js';
import { errorCatalogue } from '../../src/app/errors.js';
import { swaggers } from './swagger-attributes.js';

/** Definitions that ours has not, and why; of one API where its number stands before the name. */
const withoutDefinition: readonly [definitions: RegExp, reason: string][] = [
  [
    /^(Addressable|Entity|EntityRef|Extensible)$/,
    'a base class of the generator: its attributes stand in every class that extends it',
  ],
  [
    /^(EntitySpecification|Attachment|AttachmentRef|TMF635 Characteristic|CharacteristicSpecificationBase)$/,
    'a base class, too: its attributes stand in what extends it',
  ],
  [/^(Place|PlaceRef|Resource|CancelOrder)$/, 'a base class, too: its attributes stand in what extends it'],
  [/^(BalanceActionRef|ResourceRef)$/, 'nothing in the swagger refers to it'],
  [/Event(Payload)?$/, 'events are not served yet'],
  [/^EventSubscription(Input)?$/, 'the hub is not served yet'],
];

const setByServer = 'set by the server; accepted in the body and ignored (docs/decisions/0028-ids.md)';

/** Attributes that a definition of ours has not, and why. */
const withoutAttribute: readonly [definitions: RegExp, attributes: readonly string[], reason: string][] = [
  [/^Bucket_Create$/, ['reserveBalance'], setByServer],
  [/^(Topup|Adjust|Reserve|Transfer)Balance_Create$/, ['confirmationDate', 'impactedBucket'], setByServer],
  [/^(Adjust|Reserve|Transfer)Balance_Create$/, ['requestedDate'], setByServer],
  [/^(Topup|Adjust|Reserve|Transfer)Balance_Update$/, ['confirmationDate', 'impactedBucket'], setByServer],
  [/^(Adjust|Reserve|Transfer)Balance_Update$/, ['requestedDate'], setByServer],
  [/^UsageSpecification_Create$/, ['lastUpdate'], setByServer],
  [/^CustomerBillOnDemand_Create$/, ['lastUpdate', 'customerBill'], setByServer],
  [/^Error$/, ['@baseType', '@schemaLocation'], 'an error is of no other class and has no extension'],
];

describe('the published swaggers', () => {
  it('are all compared', () => {
    expect(apis.map(({ number }) => number)).toEqual(Object.keys(swaggers));
  });

  describe.each(Object.entries(swaggers))('of %s', (number, definitions) => {
    let schemas: Record<string, { properties: object }>;
    beforeAll(async () => {
      const api = apis.find((candidate) => candidate.number === number)!;
      const document: any = openApiDocument(await createSchema(), api, {
        pageSizes: { pageSizeDefault: 1000, pageSizeMax: 1000 },
        isExplainOffered: false,
        isAuthenticationRequired: true,
        errors: errorCatalogue,
      });
      schemas = document.components.schemas;
    });

    const reasonOf = (definition: string, attribute: string): string | undefined =>
      withoutAttribute.find(([pattern, attributes]) => pattern.test(definition) && attributes.includes(attribute))?.[2];

    it.each(Object.entries(definitions))(
      'have %s, which ours has with every attribute, or it is said why not',
      (definition, attributes) => {
        const reason = withoutDefinition.find(
          ([pattern]) => pattern.test(definition) || pattern.test(`${number} ${definition}`),
        )?.[1];
        const ours = schemas[definition];
        // A reason that has become untrue must go.
        expect([definition, ours === undefined]).toEqual([definition, reason !== undefined]);
        if (ours === undefined) return;
        for (const attribute of attributes) {
          expect([attribute, attribute in ours.properties]).toEqual([
            attribute,
            reasonOf(definition, attribute) === undefined,
          ]);
        }
      },
    );
  });

  it('have all that a reason is given for', () => {
    const definitions = Object.values(swaggers).flatMap((each) => Object.entries(each));
    const names = Object.entries(swaggers).flatMap(([number, each]) =>
      Object.keys(each).flatMap((name) => [name, `${number} ${name}`]),
    );
    for (const [pattern] of withoutDefinition)
      expect([pattern, names.some((name) => pattern.test(name))]).toEqual([pattern, true]);
    for (const [pattern, attributes] of withoutAttribute) {
      const found = definitions.filter(([name]) => pattern.test(name));
      const named = found.filter(([, own]) => attributes.every((attribute) => own.includes(attribute)));
      expect([pattern, found.length, named.length]).toEqual([pattern, named.length, Math.max(1, found.length)]);
    }
  });
});
