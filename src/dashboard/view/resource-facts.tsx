import { plainText } from '../../model/plain-text.js';
import type { Resource } from '../model/types.js';
import { isWebLink } from '../model/web-links.js';
import { Icon, Link } from './parts.js';

/** The known facts about a resource, as rows of a description list. */
export function ResourceFacts({ resource }: { readonly resource: Resource }) {
  const { labels, links, queued, hasPendingChanges, waitingOn } = resource;
  const others = waitingOn?.filter(({ kind }) => kind !== 'UIResource') ?? [];
  const trigger = TRIGGERS[resource.triggerMode ?? 'AUTO'];
  const changes = queued ? 'triggered, waits for its turn' : hasPendingChanges ? 'has pending changes' : '';
  const text = [trigger, changes].filter(Boolean).join('; ');
  return (
    <>
      {others.length > 0 && (
        <>
          <dt>Waits also for</dt>
          <dd>{plainText(others.map(({ kind, name }) => `${kind} ${name}`).join(', '))}</dd>
        </>
      )}
      {text !== '' && (
        <>
          <dt>Trigger</dt>
          <dd>{text}</dd>
        </>
      )}
      {labels !== null && labels.length > 0 && (
        <>
          <dt>Labels</dt>
          <dd class="inline-list">
            {labels.map((label) => (
              <Link key={label} class="label" to={{ label }}>
                {plainText(label)}
              </Link>
            ))}
          </dd>
        </>
      )}
      {links !== null && links.length > 0 && (
        <>
          <dt>Endpoints</dt>
          <dd class="inline-list">
            {links.map(({ url, name }) => (
              <Endpoint key={url} url={url} name={name || url} />
            ))}
          </dd>
        </>
      )}
    </>
  );
}

const TRIGGERS = {
  AUTO: '',
  AUTO_WITH_MANUAL_INIT: 'a person starts it; then automatic',
  MANUAL: 'manual',
  MANUAL_WITH_AUTO_INIT: 'manual after the first start',
  UNKNOWN: '',
} as const;

/** An address as a link to another page, if a browser may open it; otherwise as text. */
export function Endpoint({ url, name }: { readonly url: string; readonly name: string }) {
  const text = plainText(name);
  if (!isWebLink(url)) return <span title={plainText(url)}>{text}</span>;
  return (
    <a class="endpoint" href={url} title={url} target="_blank" rel="noopener noreferrer">
      {text}
      <Icon name="OPEN" />
    </a>
  );
}
