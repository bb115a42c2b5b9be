import { NO_FILTER } from '../model/filter.js';
import type { Router } from '../state/router.js';

/**
 * Handles the keys of the page: `/` searches, the arrows and j, k move between items, Enter opens an item as
 * it does any link, and Escape closes the details or the Session.
 */
export function listenToKeys(router: Router): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const isHandled = isInput(event.target)
      ? handleInputKey(event, router)
      : handleShortcut(event.key, router);
    if (isHandled) event.preventDefault();
  });
}

function handleInputKey({ key, target }: KeyboardEvent, router: Router): boolean {
  if (!(target instanceof HTMLInputElement) || !target.matches('[data-search]')) return false;
  if (key === 'ArrowDown' || key === 'Enter') return move(1);
  if (key !== 'Escape') return false;
  if (target.value === '') target.blur();
  else router.go({ text: '' });
  return true;
}

function handleShortcut(key: string, router: Router): boolean {
  switch (key) {
    case '/':
      return focus(document.querySelector('[data-search]'));
    case 'ArrowDown':
    case 'j':
      return move(1);
    case 'ArrowUp':
    case 'k':
      return move(-1);
    case 'Escape':
      return close(router);
    default:
      return false;
  }
}

function isInput(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement ||
    target instanceof HTMLSelectElement ||
    target instanceof HTMLTextAreaElement
  );
}

/**
 * Moves the focus between items. Without a focused item it starts at the open one, otherwise at the first.
 */
function move(by: number): boolean {
  const items = [...document.querySelectorAll<HTMLElement>('[data-nav]')];
  const at = items.findIndex((item) => item.matches(':focus'));
  const open = items.findIndex((item) => item.getAttribute('aria-current') === 'true');
  const from = at >= 0 ? at : open;
  const next = from < 0 ? 0 : Math.min(items.length - 1, Math.max(0, from + by));
  return focus(items[next] ?? null);
}

function close(router: Router): boolean {
  const { target, session } = router.route.value;
  if (target !== null) {
    closeDetails(router);
    return true;
  }
  if (session === null) return false;
  router.go({ ...NO_FILTER, session: null, view: 'targets' });
  return true;
}

/** Closes the details, and moves the focus to the row of their target. */
export function closeDetails(router: Router): void {
  const { target } = router.route.value;
  router.go({ target: null });
  if (target !== null) focus(findItem(target));
}

function findItem(name: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-nav="${CSS.escape(name)}"]`);
}

function focus(element: HTMLElement | null): boolean {
  element?.focus();
  element?.scrollIntoView({ block: 'nearest' });
  return element !== null;
}
