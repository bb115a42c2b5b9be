import type { GraphQLParams } from 'graphql-yoga';

/** What a request asks for. `documentId` names a persisted document. */
export type NamedParams = GraphQLParams & { readonly documentId?: string };

const FORM_TYPE = /^application\/x-www-form-urlencoded *(;|,|$)/i;

/**
 * The parameters of a request that writes them as a URL does: a GET, or a form. Null for any other. Yoga reads all of them but
 * `documentId`. Rejects with a SyntaxError, or throws it, for variables and extensions that are no JSON.
 */
export function readUrlParams(request: Request): NamedParams | Promise<NamedParams> | null {
  if (request.method === 'GET') return paramsOf(new URL(request.url).searchParams);
  if (request.method !== 'POST' || !FORM_TYPE.test(request.headers.get('content-type') ?? '')) return null;
  return request.text().then((text) => paramsOf(new URLSearchParams(text)));
}

/** An empty parameter is as good as none: forms send all of their fields. */
function paramsOf(params: URLSearchParams): NamedParams {
  const [query, operationName, documentId, variables, extensions] = NAMES.map((name) => params.get(name));
  return {
    ...(query && { query }),
    ...(operationName && { operationName }),
    ...(documentId && { documentId }),
    ...(variables && { variables: JSON.parse(variables) }),
    ...(extensions && { extensions: JSON.parse(extensions) }),
  };
}

const NAMES = ['query', 'operationName', 'documentId', 'variables', 'extensions'] as const;
