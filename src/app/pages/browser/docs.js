/* global SwaggerUIBundle, SwaggerUIStandalonePreset */
import { aboutServer, addressOf } from './server.js';

/** They would double the page. */
const hidden = ['head', 'options'];
/** More parameters than these are filters, folded until somebody wants them (docs.css names those that stay). */
const fewParameters = 12;

const components = ({ React: { createElement, useState } }) => ({
  wrapComponents: {
    operation: (Original) => (props) =>
      hidden.includes(props.operation.get('method')) ? null : createElement(Original, props),
    // How all of it is used is long, and the same each time.
    info: (Original) => (props) =>
      createElement(
        'details',
        { className: 'about' },
        createElement('summary', null, 'How it is used: conditions, pages, changes, errors'),
        createElement(Original, props),
      ),
    parameters: (Original) =>
      function Parameters(props) {
        const [isOpen, setOpen] = useState(false);
        const count = props.parameters?.size ?? 0;
        if (count <= fewParameters) return createElement(Original, props);
        const text = isOpen ? 'Fold the filters' : `Show all ${count} parameters and filters`;
        return createElement(
          'div',
          { className: isOpen ? 'open' : 'folded' },
          createElement(Original, props),
          createElement(
            'button',
            { className: 'btn fold', 'aria-expanded': isOpen, onClick: () => setOpen(!isOpen) },
            text,
          ),
        );
      },
  },
});

/** What has an example is filled in, and sent; of what may be left out, the description tells it instead. */
const withoutOptionalValues = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (original) => (document) => original(toldInDescriptions(document)),
      },
    },
  },
});

function toldInDescriptions(document) {
  const operations = Object.values(document.paths ?? {}).flatMap((path) => Object.values(path));
  const parameters = [
    ...Object.values(document.components?.parameters ?? {}),
    ...operations.flatMap(({ parameters: own = [] }) => own),
  ];
  for (const parameter of parameters) {
    const { example, required, schema } = parameter;
    if (example === undefined || required) continue;
    const isObject = schema?.type === 'object';
    const told = isObject ? JSON.stringify(example) : String(example);
    parameter.description = `${parameter.description} E.g. \`${told}\`.`;
    // Of an object without an example the page would make one up.
    if (isObject) parameter.example = {};
    else delete parameter.example;
  }
  return document;
}

const { apis } = await aboutServer();

/** Swagger UI gives the list of servers no name for who does not see it. */
new MutationObserver(() => {
  document.querySelector('#servers:not([aria-label])')?.setAttribute('aria-label', 'Server');
}).observe(document.getElementById('docs'), { childList: true, subtree: true });

SwaggerUIBundle({
  dom_id: '#docs',
  urls: apis.map(({ number, title, path }) => ({
    name: `${number} ${title}`,
    url: addressOf(`${path.slice(1)}/openapi.json`),
  })),
  layout: 'StandaloneLayout',
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  plugins: [components, withoutOptionalValues],
  deepLinking: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
