import { describe, expect, it } from '@jest/globals';
import { headersOf, subjectOf } from '../../../src/app/brokers/addressed.js';

const about = (event: object, tenant = 'default'): Parameters<typeof subjectOf>[0] => ({
  event: {
    ...{ id: '1', tenantId: '7k2m9xqa', eventType: 'BucketCreateEvent', resourceType: 'bucket', resourceId: '2' },
    ...{ occurredAt: '2026-03-01T00:00:00.000Z', payload: {} },
    position: { epoch: 1, transactionId: '1', eventId: '1' },
    ...event,
  },
  tenant,
  body: '{}',
});

describe('the subject of an event', () => {
  it.each([
    [{}, 'default', 'tmf.default.TMF654.bucket.BucketCreateEvent'],
    [
      { resourceType: 'usage', eventType: 'UsageStateChangeEvent' },
      'default',
      'tmf.default.TMF635.usage.UsageStateChangeEvent',
    ],
    // No API has it.
    [{ resourceType: 'tenant', eventType: 'TenantCreateEvent' }, 'default', 'tmf.default.own.tenant.TenantCreateEvent'],
    [{}, 'acme.west', 'tmf.acme~west.TMF654.bucket.BucketCreateEvent'],
    [{}, '*.>#~ é', 'tmf.%2A~%3E%23%7E%20%C3%A9.TMF654.bucket.BucketCreateEvent'],
  ])('of %j of %s is %s', (event, tenant, subject) => {
    expect(subjectOf(about(event, tenant), 'tmf')).toBe(subject);
  });

  it('goes with headers of printable characters alone', () => {
    expect(headersOf(about({ id: 'one\r\nEvil: 1', resourceId: 'bücket' }))).toMatchObject({
      'event-id': 'one%0D%0AEvil: 1',
      'resource-id': 'b%C3%BCcket',
      'tenant-id': 'default',
      api: 'TMF654',
      'api-version': 'v4',
    });
    expect(headersOf(about({ resourceType: 'tenant' }))).not.toHaveProperty('api');
  });
});
