import type { ComponentChildren } from 'preact';
import type { Route } from '../model/route.js';
import { usePage } from '../state/page.js';

/** A link to another view of this page. */
export interface LinkProps {
  /** What differs there from what is shown. */
  readonly to: Partial<Route>;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly 'aria-current'?: 'page' | 'true' | undefined;
  /** Makes it an item that the arrow keys go to, of this name. */
  readonly 'data-nav'?: string;
}

/** A link that goes there without loading the page anew; opened in another tab it is an ordinary one. */
export function Link({ to, children, ...rest }: LinkProps) {
  const { router } = usePage();
  return (
    <a
      {...rest}
      href={router.hrefOf(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        router.go(to);
      }}
    >
      {children}
    </a>
  );
}
