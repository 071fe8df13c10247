// oidc-provider with its in-memory adapter: `node oidc_provider.mjs SETUP`, where SETUP is what bench.peers.setup writes.
import { readFileSync } from 'node:fs';

import Provider from 'oidc-provider';

const setup = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const provider = new Provider(setup.issuer, {
  clients: setup.clients.map(([id, secret]) => ({
    client_id: id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope: setup.scope,
    token_endpoint_auth_method: 'client_secret_post',
  })),
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    // Only a token for a named resource can be a JWT; every request is for this one.
    resourceIndicators: {
      enabled: true,
      defaultResource: () => setup.audience,
      getResourceServerInfo: () => ({
        scope: setup.scope,
        audience: setup.audience,
        accessTokenFormat: 'jwt',
        accessTokenTTL: setup.seconds,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  jwks: { keys: [setup.jwk] },
  routes: { token: '/oauth/token' },
  scopes: setup.scope.split(' '),
});

provider.listen(setup.port, '127.0.0.1');
