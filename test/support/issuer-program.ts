import { TestIssuer } from './issuer.js';

// `npm run issuer`: an issuer of tokens for trying things out. Whoever reaches it gets whatever token is asked for.
const port = Number(process.env.ISSUER_PORT || 4010);
const issuer = await TestIssuer.start(() => new Date(), port);
console.log(`AUTH_ISSUER=${issuer.url}
AUTH_AUDIENCE=tmf
A token, for an hour: curl -s '${issuer.url}/token?sub=ann&roles=customer&parties=customer-1'`);
