/** An OpenAPI document as elements of a page. Text goes in as text, never as markup. */

/** A JSON schema, as far as it is shown. */
export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

type Content = Record<string, { schema: Schema }>;

interface Reply {
  $ref?: string;
  description?: string;
  content?: Content;
}

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[];
  requestBody?: { content: Content };
  responses: Record<string, Reply>;
}

export interface ApiDocument {
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Reply> };
}

type Child = Node | string;

/** The page's content: what the API is, then its routes by tag, then the shapes that they name. */
export function reference(api: ApiDocument): HTMLElement[] {
  const routes = Object.entries(api.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  );
  const base = api.servers[0]?.url ?? '';
  return [
    element('h1', {}, `${api.info.title} API ${api.info.version}`),
    ...api.info.description
      .trim()
      .split('\n\n')
      .map((words) => element('p', {}, words)),
    element('p', {}, link('/v1/openapi.json', 'openapi.json'), ' has the same for programs.'),
    ...api.tags.map((tag) =>
      element(
        'section',
        {},
        element('h2', {}, tag.name),
        element('p', {}, tag.description),
        ...routes
          .filter(({ operation }) => operation.tags.includes(tag.name))
          .map(({ path, method, operation }) => route(api, `${base}${path}`, method, operation)),
      ),
    ),
    element(
      'section',
      {},
      element('h2', {}, 'Shapes'),
      ...Object.entries(api.components.schemas).map(([name, schema]) => shape(name, schema)),
    ),
  ];
}

function route(api: ApiDocument, path: string, method: string, operation: Operation): HTMLElement {
  const scopes = operation.security.flatMap((one) => Object.values(one).flat());
  const body = operation.requestBody?.content ?? {};
  return element(
    'details',
    { id: operation.operationId },
    element('summary', {}, element('code', {}, `${method.toUpperCase()} ${path}`), ` ${operation.summary}`),
    element('p', {}, scopes.length ? `Scope: ${scopes.join(' ')}` : 'No token is needed.'),
    ...table(
      ['parameter', 'in', 'form', 'what'],
      (operation.parameters ?? []).map((one) => [
        one.required ? `${one.name} (needed)` : one.name,
        one.in,
        form(one.schema),
        one.description ?? '',
      ]),
    ),
    ...table(
      ['body', 'form'],
      Object.entries(body).map(([media, { schema }]) => [media, form(schema)]),
    ),
    ...table(
      ['status', 'what', 'form'],
      Object.entries(operation.responses).map(([status, reply]) => [status, ...answer(api, reply)]),
    ),
  );
}

function answer(api: ApiDocument, reply: Reply): [string, Child] {
  const found = reply.$ref ? api.components.responses[last(reply.$ref)] : reply;
  const content = Object.entries(found?.content ?? {});
  const forms = content.flatMap(([media, { schema }]) => [`${media}: `, form(schema), element('br', {})]);
  return [found?.description ?? '', element('span', {}, ...forms)];
}

function shape(name: string, schema: Schema): HTMLElement {
  const needed = new Set(schema.required);
  const fields = Object.entries(schema.properties ?? {});
  return element(
    'details',
    { id: `shape-${name}` },
    element('summary', {}, element('code', {}, name)),
    ...(schema.description ? [element('p', {}, schema.description)] : []),
    ...(fields.length ? [] : [element('p', {}, form(schema))]),
    ...table(
      ['field', 'form', 'what'],
      fields.map(([field, one]) => [
        needed.has(field) ? field : `${field} (may be left out)`,
        form(one),
        one.description ?? '',
      ]),
    ),
  );
}

/** A schema in one line, with links to the shapes that it names. */
export function form(schema: Schema): Child {
  if (schema.$ref) return link(`#shape-${last(schema.$ref)}`, last(schema.$ref));
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return joined(several.map(form), ' or ');
  if (schema.allOf) return joined(schema.allOf.map(form), ' with ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' or ');
  if (schema.type === 'array') return joined(['list of ', form(schema.items ?? {})], '');
  if (typeof schema.additionalProperties === 'object')
    return joined(['map to ', form(schema.additionalProperties)], '');
  if (schema.properties) {
    const fields = Object.entries(schema.properties).map(([name, one]) =>
      joined([`${name}: `, form(one)], ''),
    );
    return joined(fields, ', ');
  }
  return [schema.type ?? 'anything', schema.format].filter(Boolean).join(', ');
}

function joined(parts: Child[], between: string): HTMLElement {
  return element(
    'span',
    {},
    ...parts.flatMap((part, index) => (index && between ? [between, part] : [part])),
  );
}

function table(heads: string[], rows: Child[][]): HTMLElement[] {
  if (!rows.length) return [];
  const head = element('tr', {}, ...heads.map((one) => element('th', { scope: 'col' }, one)));
  const body = rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell))));
  return [element('table', {}, element('thead', {}, head), element('tbody', {}, ...body))];
}

function link(href: string, words: string): HTMLElement {
  return element('a', { href }, words);
}

function last(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

function element(name: string, attributes: Record<string, string>, ...children: Child[]): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
