import { usePage } from '../state/page.js';
import { Icon } from './icon.js';

/** Finds by words, as they are typed. The key `/` leads here. */
export function SearchBox({ label }: { readonly label: string }) {
  const { router } = usePage();
  return (
    <label class="search">
      <Icon name="SEARCH" />
      <span class="hidden">{label}</span>
      <input
        type="search"
        placeholder={`${label}  /`}
        data-search
        spellcheck={false}
        value={router.route.value.text}
        onInput={(event) => router.go({ text: event.currentTarget.value })}
      />
    </label>
  );
}
