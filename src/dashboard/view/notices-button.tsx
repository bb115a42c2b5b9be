import { askForNotices, noticeState } from '../state/notices.js';
import { usePage } from '../state/page.js';
import { Icon } from './icon.js';

/** Turns notices by the desktop on and off. */
export function NoticesButton() {
  const { preferences, choose } = usePage();
  const state = noticeState();
  const isOn = preferences.value.notices && state === 'allowed';
  const toggle = async () => choose({ notices: !isOn && (await askForNotices()) });
  return (
    <button
      type="button"
      class="button"
      aria-pressed={isOn}
      disabled={state === 'blocked'}
      title={
        state === 'blocked'
          ? 'This browser does not allow notices from this page'
          : 'A notice when a session fails'
      }
      onClick={() => void toggle()}
    >
      <Icon name="BELL" />
      <span class="label-long">
        {state === 'blocked' ? 'Notices blocked' : isOn ? 'Notices on' : 'Notify me'}
      </span>
    </button>
  );
}
