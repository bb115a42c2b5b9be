import { usePage } from '../state/page.js';
import { Link } from './link.js';

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
