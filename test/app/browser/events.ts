import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Receiver } from '../../domain/hub/receiver.js';
import { eventually } from '../../support/eventually.js';
import { desktop, overflowOf, phone, seriousFaults } from '../../support/browser.js';
import type { Stage } from './stage.js';

/** Tries the page of events. */
export function eventsPage(stage: Stage): void {
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await Receiver.start();
    await stage.server.startJobs();
  });
  afterAll(() => receiver.down());
  const status = (text: string) => stage.page.getByRole('status').filter({ hasText: text }).waitFor();
  const row = () => stage.page.locator('.rows > li', { hasText: receiver.url }).first();
  const refresh = async (): Promise<void> => {
    await stage.page.getByRole('button', { name: 'Refresh' }).click();
    await status('The figures are those of now.');
  };

  /** Whether the page says so when it has looked again. */
  const isShown = async (name: string, value: string): Promise<true | undefined> => {
    await refresh();
    const figure = row().locator('.figures div', { hasText: name });
    return (await figure.locator('dd').innerText()) === value ? true : undefined;
  };

  it('is one click away, and registers a callback whose secret it shows once', async () => {
    await stage.page.goto(stage.server.url);
    await stage.page.getByRole('link', { name: 'Events', exact: true }).click();
    await stage.page.getByText('Nobody is told of events yet.').waitFor();
    await stage.page.getByText('Register a callback').click();
    await stage.page.getByLabel('Callback').fill(receiver.url);
    await stage.page.getByLabel('Which events').fill('event.colour=red');
    await stage.page.getByRole('button', { name: 'Register' }).click();
    await stage.page.locator('.outcome .problem', { hasText: 'colour' }).waitFor();
    await stage.page.getByLabel('Events of').selectOption('TMF654');
    await stage.page.getByLabel('Which events').fill('eventType=BucketCreateEvent');
    await stage.page.getByRole('button', { name: 'Register' }).click();
    await stage.page.locator('.secret', { hasText: /.{30}/ }).waitFor();
    await row().getByText('eventType=BucketCreateEvent').waitFor();
    expect((await stage.server.graphql('{ hubs { items { api callback query } } }')).data.hubs.items).toEqual([
      { api: 'TMF654', callback: receiver.url, query: 'eventType=BucketCreateEvent' },
    ]);
    expect(await seriousFaults(stage.page)).toEqual([]);
  });

  it('shows how it goes, and sends a dead letter again', async () => {
    receiver.manner = () => 500;
    await stage.server.rest('POST', '/bucket', { body: { usageType: 'monetary' } });
    await eventually('there is a dead letter', () => isShown('Dead letters', '1'));
    await row().locator('summary', { hasText: 'Dead letters' }).click();
    await row().getByText('it answered 500').waitFor();
    expect(await seriousFaults(stage.page)).toEqual([]);
    await stage.page.setViewportSize(phone);
    expect(await overflowOf(stage.page)).toBe(0);
    await stage.page.setViewportSize(desktop);
    receiver.manner = () => 204;
    await row()
      .getByRole('button', { name: /^Send again/ })
      .click();
    await status('BucketCreateEvent waits to be sent again.');
    await eventually('it was taken', () => isShown('Delivered', '1'));
    await eventually('it is no dead letter any more', () => isShown('Dead letters', '0'));
    expect(receiver.deliveries).toHaveLength(1);
  });

  it('gives programs what it shows', async () => {
    for (const link of await stage.page
      .locator('.how a')
      .evaluateAll((all) => all.map((one) => `${one.getAttribute('href')}`))) {
      const { pathname, searchParams } = new URL(link);
      expect(pathname).toBe('/graphql');
      if (!searchParams.get('query')?.startsWith('mutation')) {
        const variables = JSON.parse(searchParams.get('variables') ?? '{}');
        const { errors } = await stage.server.graphql(searchParams.get('query') ?? '', variables);
        expect([link, errors]).toEqual([link, undefined]);
      }
    }
  });

  it('ends a registration by the keyboard alone', async () => {
    await row().getByText('Delete', { exact: false }).first().press('Enter');
    await row().getByRole('button', { name: 'Delete it' }).press('Enter');
    await status('is told of nothing any more');
    expect(await stage.page.evaluate<string>('document.activeElement.id')).toBe('events');
    expect((await stage.server.graphql('{ hubs { totalCount } }')).data.hubs.totalCount).toBe(0);
    expect(await seriousFaults(stage.page)).toEqual([]);
  });

  it('says who may not see it', async () => {
    await stage.page.evaluate('sessionStorage.clear()');
    await stage.page.goto(`${stage.closed.url}/?events`);
    await stage.page.getByLabel('Token').fill('');
    await stage.page.getByLabel('Token').press('Enter');
    await stage.page.getByText('give a token or an API key').waitFor();
    await stage.page.getByLabel('Token').fill(stage.key);
    await stage.page.getByLabel('Token').press('Enter');
    await stage.page.getByText('Nobody is told of events yet.').waitFor();
  });
}
