import { expect, it } from '@jest/globals';
import { desktop, overflowOf, phone, seriousFaults } from '../../support/browser.js';
import { eventually } from '../../support/eventually.js';
import type { Stage } from './stage.js';

/** Tries the explorer of GraphQL. */
export function explorerPage(stage: Stage): void {
  const editor = () => stage.page.locator('.graphiql-query-editor .CodeMirror');
  const answer = () => stage.page.locator('.result-window .CodeMirror-code');
  /** The data that GraphiQL shows, when the answer has a text. */
  const shows = (text: string) => answer().getByText(text, { exact: false }).first().waitFor();

  it('runs the first example, and completes what one types', async () => {
    await stage.page.goto(`${stage.server.url}/graphql`);
    await editor().waitFor();
    await stage.page.locator('.graphiql-execute-button').click();
    await shows('"Main balance"');
    await editor().locator('.CodeMirror-line', { hasText: 'usageDate usageType' }).click();
    await stage.page.keyboard.press('Home');
    // Hints come when the schema is there and the editor has looked at it.
    const hints = stage.page.locator('.CodeMirror-hints');
    await stage.page.keyboard.press('Control+Space');
    await hints.getByText('items', { exact: true }).waitFor();
    await stage.page.keyboard.press('Escape');
    // A tab of GraphiQL is a list item with buttons within, which is GraphiQL's own.
    expect(await seriousFaults(stage.page, ['.graphiql-tabs'])).toEqual([]);
    await stage.page.setViewportSize(phone);
    expect(await overflowOf(stage.page)).toBe(0);
    await stage.page.setViewportSize(desktop);
  });

  it('opens examples in tabs of their own, by the keyboard', async () => {
    await stage.page.locator('#examples summary').press('Enter');
    await stage.page.getByRole('link', { name: 'What a bucket held a week ago' }).press('Enter');
    await stage.page.getByRole('tab', { name: 'Past', selected: true }).waitFor();
    expect(await stage.page.getByRole('tab').allInnerTexts()).toEqual(['Customer', 'Past']);
    await editor().click();
    await stage.page.keyboard.press('Control+Enter');
    await shows('"balanceAsOf"');
  });

  it('opens what a link holds, and runs it only when told to', async () => {
    const query = 'query Linked($id: ID!) { bucket(id: $id) { name } }';
    const asked = stage.browser.requested.filter((url) => url === `${stage.server.url}/graphql`).length;
    const variables = JSON.stringify({ id: '11' });
    await stage.page.goto(`${stage.server.url}/graphql?${new URLSearchParams({ query, variables })}`);
    await stage.page.getByRole('tab', { name: 'Linked', selected: true }).waitFor();
    await editor().getByText('Linked').waitFor();
    expect(stage.browser.requested.filter((url) => url === `${stage.server.url}/graphql`).length).toBe(asked);
    await stage.page.locator('.graphiql-execute-button').click();
    await shows('"Main balance"');
  });

  it('runs subscriptions', async () => {
    const query =
      'subscription Followed { events(types: [BucketCreateEvent]) { resource { ... on Bucket { name } } } }';
    await stage.page.goto(`${stage.server.url}/graphql?${new URLSearchParams({ query })}`);
    await stage.page.getByRole('tab', { name: 'Followed', selected: true }).waitFor();
    await stage.page.locator('.graphiql-execute-button').click();
    await eventually('an event is shown', async () => {
      await stage.server.rest('POST', '/bucket', { body: { usageType: 'data', name: 'watched' } });
      return (await answer().innerText()).includes('watched') ? true : undefined;
    });
    await stage.page.locator('.graphiql-execute-button').click();
  });

  it('takes a key, which the browser forgets with the tab', async () => {
    await stage.page.goto(
      `${stage.closed.url}/graphql?${new URLSearchParams({ query: '{ buckets { totalCount } }' })}`,
    );
    await stage.page.evaluate('sessionStorage.clear()');
    await stage.page.reload();
    await stage.page.getByText('give a token or an API key').waitFor();
    await stage.page.getByLabel('Token').fill(stage.key);
    await stage.page.getByLabel('Token').press('Enter');
    await stage.page.getByText('give a token or an API key').waitFor({ state: 'hidden' });
    await stage.page.locator('.graphiql-execute-button').click();
    await shows('"totalCount"');
    const [stays, goes] = await Promise.all(
      ['localStorage', 'sessionStorage'].map((name) => stage.page.evaluate<string>(`JSON.stringify(${name})`)),
    );
    expect([stays?.includes(stage.key), goes?.includes(stage.key)]).toEqual([false, true]);
  });
}
