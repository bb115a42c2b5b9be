import type { ComponentChildren } from 'preact';
import { usePage } from '../state/page.js';
import type { Route } from '../state/router.js';

/** A link to another view of this page. */
interface LinkProps {
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

/** The way from a target's row to its details. Of its own, so that it is not drawn anew each time the target changes. */
export function TargetLink({ name }: { readonly name: string }) {
  const { router } = usePage();
  const isOpen = router.route.value.target === name;
  return (
    <Link class="mono" to={{ target: name }} data-nav={name} aria-current={isOpen ? 'true' : undefined}>
      {name}
    </Link>
  );
}
