/* global GraphiQL, React, ReactDOM */
import { examplesAt } from './examples.js';
import { aboutServer, addressOf, authorization, explorerAddress, follow, keepToken, post } from './server.js';

const examples = examplesAt(new Date());
const place = (id) => document.getElementById(id);
const root = ReactDOM.createRoot(place('explorer'));

/** What the explorer shows: an operation that opens in a tab of its own, and the schema, null where it may not be read. */
let shown = { ...fromAddress(), number: 0 };
let schema = null;

/** A link may hold an operation; nothing runs until somebody says so. */
function fromAddress() {
  const parameters = new URLSearchParams(location.search);
  return { query: parameters.get('query') ?? undefined, variables: parameters.get('variables') ?? undefined };
}

function render() {
  const { number, query, variables } = shown;
  root.render(
    React.createElement(GraphiQL, {
      // Another operation is another explorer: it finds the tabs of the one before in the storage of the browser.
      key: number,
      fetcher: (operation, { headers, documentAST } = {}) =>
        isSubscription(operation, documentAST) ? follow(operation, headers) : post(operation, headers),
      schema,
      query,
      variables,
      defaultQuery: examples[0].query,
      // Tokens belong into the field for them, which forgets.
      shouldPersistHeaders: false,
      showPersistHeadersSettings: false,
    }),
  );
}

function isSubscription({ operationName }, document) {
  const operations = document?.definitions.filter(({ kind }) => kind === 'OperationDefinition') ?? [];
  const named = operations.find(({ name }) => name?.value === operationName) ?? operations[0];
  return named?.operation === 'subscription';
}

/** The schema tells the editor what to offer. Who may not read it asks without. */
async function readSchema({ isSchemaShown, isTokenNeeded }) {
  schema = null;
  if (!isSchemaShown) return 'This server does not show its schema, so nothing is completed while you type.';
  const response = await fetch(addressOf('schema.graphql'), { headers: authorization() });
  if (response.status === 401 && isTokenNeeded)
    return 'This server wants to know who asks: give a token or an API key.';
  if (!response.ok) return `The schema could not be read (${response.status}).`;
  schema = GraphiQL.GraphQL.buildSchema(await response.text(), { assumeValid: true });
  return '';
}

/** The editors of GraphiQL have no names for who does not see them, and its answers do not scroll by the keyboard. */
function nameEditors() {
  document.querySelector('.result-window .CodeMirror-scroll')?.setAttribute('tabindex', '0');
  for (const field of document.querySelectorAll('.CodeMirror textarea:not([aria-label])'))
    field.setAttribute('aria-label', field.closest('section')?.getAttribute('aria-label') ?? 'Editor');
}

function listExamples() {
  const menu = place('examples');
  for (const { title, query, variables } of examples) {
    const link = document.createElement('a');
    link.textContent = title;
    link.href = explorerAddress(query, variables);
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      history.replaceState(null, '', link.href);
      shown = { ...fromAddress(), number: shown.number + 1 };
      render();
      menu.open = false;
    });
    const item = document.createElement('li');
    item.append(link);
    menu.querySelector('ul').append(item);
  }
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    menu.open = false;
    menu.querySelector('summary').focus();
  });
  document.addEventListener('click', ({ target }) => {
    if (!menu.contains(target)) menu.open = false;
  });
}

const about = await aboutServer();
const refresh = async () => {
  place('notice').textContent = await readSchema(about);
  render();
};
new MutationObserver(nameEditors).observe(place('explorer'), { childList: true, subtree: true });
listExamples();
place('schema').hidden = !about.isSchemaShown;
place('sandbox').hidden = !about.isSandboxAllowed;
place('sandbox').href =
  `https://studio.apollographql.com/sandbox/explorer?endpoint=${encodeURIComponent(addressOf('graphql'))}`;
keepToken(place('token'), refresh);
await refresh();
